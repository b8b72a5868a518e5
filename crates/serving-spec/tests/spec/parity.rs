//! This crate computes the same features as `python/stream_predictor.py`, for random specs and records.
//!
//! `PARITY=10000 cargo test -p serving-spec --test spec parity` tries 10 000 specs. `PARITY_SEED` selects
//! other specs.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::Value;
use serving_spec::{FeaturePlan, ServingSpec};

/// A spec, and the features that Python computes for some records.
#[derive(Deserialize)]
struct Case {
    spec: Value,
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    document: String,
    features: Option<serde_json::Map<String, Value>>,
    rejected: Option<String>,
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn features_are_those_of_the_python_module() {
    let root = &Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tables = tempfile::tempdir().unwrap();
    let mut python = Command::new(root.join(".venv-models/bin/python"))
        .arg(root.join("tests/python/parity.py"))
        .args([setting("PARITY_SEED", 1).to_string(), setting("PARITY", 1_000).to_string()])
        .arg(tables.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`make .venv-models/ready` sets it up");
    let lines = BufReader::new(python.stdout.take().unwrap()).lines();
    let (mut computed, mut rejected) = (0, 0);
    let mut differences = Vec::new();
    for line in lines {
        let case: Case = serde_json::from_str(&line.unwrap()).unwrap();
        let spec: ServingSpec = serde_json::from_value(case.spec.clone())
            .unwrap_or_else(|error| panic!("{error}: {}", case.spec));
        let plan = FeaturePlan::of_features(&spec.feature_parts(), &|name| Ok(tables.path().join(name)))
            .unwrap_or_else(|error| panic!("{error:#}: {}", case.spec));
        for Record { document, features, rejected: by } in case.records {
            let found = plan.values(document.as_bytes());
            let difference = match (&features, &found) {
                (Some(expected), Ok(found)) => {
                    computed += 1;
                    difference(expected, found)
                }
                (None, Err(_)) => {
                    rejected += 1;
                    None
                }
                (None, Ok(_)) => Some(format!("Python rejects it by `{}`", by.unwrap_or_default())),
                (Some(_), Err(rejected)) => Some(rejected.to_string()),
            };
            if let Some(difference) = difference {
                differences.push(format!("{difference}\n  spec {}\n  record {document}", case.spec));
            }
        }
    }
    assert!(python.wait().unwrap().success());
    assert!(computed > 500 && rejected > 100, "{computed} computed, {rejected} rejected");
    let shown = differences[..differences.len().min(12)].join("\n");
    assert!(differences.is_empty(), "{} differences\n{shown}", differences.len());
}

fn difference(expected: &serde_json::Map<String, Value>, found: &[(&str, String)]) -> Option<String> {
    expected.iter().find_map(|(name, expected)| {
        let (_, found) = found.iter().find(|(found, _)| found == name)?;
        let is_same = serde_json::from_str(found).is_ok_and(|found: Value| is_same(expected, &found));
        (!is_same).then(|| format!("`{name}`: Python has {expected}, the function {found}"))
    })
}

/// Whether two values are equal. Doubles may differ by 1e-10, because the sine of a large number magnifies its
/// last bit.
fn is_same(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len() && expected.iter().zip(found).all(|(e, f)| is_same(e, f))
        }
        (Value::String(nan), Value::Null) => nan == "NaN",
        (Value::Number(e), Value::Number(f)) if e.is_f64() && f.is_f64() => {
            let (e, f) = (e.as_f64().unwrap(), f.as_f64().unwrap());
            (e - f).abs() <= 1e-10 * e.abs().max(f.abs()).max(1.0)
        }
        _ => expected == found,
    }
}
