//! `docs/serving.schema.json` is the schema of the serving spec that this crate reads.

use std::path::Path;

use serde_json::Value;
use serving_spec::features::Transform;
use serving_spec::spec;

/// Set this variable to write the file instead of comparing it.
const WRITE: &str = "WRITE_SCHEMA";

#[test]
fn the_published_schema_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/serving.schema.json");
    let schema = serde_json::to_string_pretty(&spec::schema()).unwrap() + "\n";
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap();
    assert!(
        published == schema,
        "it is stale: {WRITE}=1 cargo test --package serving-spec --test spec schema"
    );
}

#[test]
fn the_schema_has_every_transform_with_the_policy() {
    let schema = spec::schema();
    let transforms = schema["$defs"]["Feature"]["oneOf"].as_array().unwrap();
    assert_eq!(transforms.len(), Transform::KEYS.len());
    for (transform, key) in transforms.iter().zip(Transform::KEYS) {
        let has = |name: &str| transform["properties"].get(name).is_some();
        assert!(has(key) && has("default") && has("missing") && has("invalid"), "{key}: {transform}");
        assert_eq!(transform["additionalProperties"], Value::Bool(false), "{key}");
        let required = transform["required"].as_array().unwrap();
        assert!(required.contains(&Value::from(key)), "{key}: {required:?}");
    }
}
