//! A feature as the serving spec writes it: a transform, and a policy for missing and invalid values.

use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use limits::names::some_of;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::{Map, Value as Json};

use super::literal::Literal;
use super::transforms::Transform;

/// A feature: one transform, and a policy for missing and invalid values.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureSpec {
    /// Computes the value.
    pub transform: Transform,
    /// Says what happens when there is no value.
    pub policy: PolicySpec,
}

/// Says what happens when a feature has no value. An empty policy rejects the record.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// The value to use when the value is missing. It must have the feature's type. A feature with several
    /// columns uses it for each.
    pub default: Option<Literal>,
    /// `"nan"` makes a missing value NaN and the feature a `double`. It excludes `default`.
    pub missing: Option<MissingSpec>,
    /// `"missing"` treats an invalid value as missing. Without `default` or `missing`, the record is still
    /// rejected.
    pub invalid: Option<InvalidSpec>,
}

/// The replacement for a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MissingSpec {
    /// NaN, not a number.
    Nan,
}

/// The replacement for an invalid value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InvalidSpec {
    /// A missing value.
    Missing,
}

const POLICY_KEYS: [&str; 3] = ["default", "missing", "invalid"];

impl FeatureSpec {
    /// Returns a feature that is a field of the document: the member `name`, or a JSON pointer.
    #[must_use]
    pub fn field(name: &str) -> Self {
        Self { transform: Transform::field(name), policy: PolicySpec::default() }
    }

    fn from_members(mut members: Map<String, Json>) -> Result<Self> {
        if let Some((key, _)) = members.iter().find(|(_, value)| has_null(value)) {
            bail!("`{key}` contains null, NaN or an infinity; `missing = \"nan\"` makes a missing value NaN");
        }
        let policy: Map<_, _> = POLICY_KEYS.into_iter().filter_map(|key| members.remove_entry(key)).collect();
        let named: Vec<&str> = Transform::KEYS.into_iter().filter(|key| members.contains_key(*key)).collect();
        let key = match named[..] {
            [key] => key,
            [] => bail!("{} give exactly one of `{}`", unknown(members.keys()), Transform::KEYS.join("`, `")),
            _ => bail!("found the transforms `{}`: give exactly one", named.join("` and `")),
        };
        let policy: PolicySpec = serde_json::from_value(Json::Object(policy))?;
        ensure!(
            policy.default.is_none() || policy.missing.is_none(),
            "`default` and `missing` exclude each other: keep one"
        );
        let transform = Transform::parse(key, members).with_context(|| format!("a feature with `{key}`"))?;
        Ok(Self { transform, policy })
    }
}

/// Whether a value contains null. Numbers that JSON does not have, such as NaN, arrive as null too.
fn has_null(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(values) => values.iter().any(has_null),
        Json::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

fn unknown<'a>(keys: impl Iterator<Item = &'a String>) -> String {
    let keys: Vec<_> = keys.collect();
    if keys.is_empty() {
        "expected a transform, found none:".to_owned()
    } else {
        format!("{} is not a transform:", some_of(&keys))
    }
}

impl<'de> Deserialize<'de> for FeatureSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let one_line = |error: &dyn fmt::Display| error.to_string().replace('\n', " ");
        let members = Map::<String, Json>::deserialize(deserializer)?;
        Self::from_members(members).map_err(|error| D::Error::custom(one_line(&format!("{error:#}"))))
    }
}

impl JsonSchema for FeatureSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Feature".into()
    }

    /// A choice between the transforms. Each has the keys of the policy besides its own.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let policy = PolicySpec::json_schema(generator);
        let mut transforms = Transform::schemas(generator);
        for transform in &mut transforms {
            let properties = transform.get_mut("properties").and_then(Json::as_object_mut);
            if let (Some(properties), Some(Json::Object(policy))) = (properties, policy.get("properties")) {
                properties.extend(policy.clone());
            }
        }
        schemars::json_schema!({ "oneOf": transforms })
    }
}
