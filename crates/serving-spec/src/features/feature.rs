//! A feature as the serving spec writes it: one transform, and what to do where it has no value.

use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::{Map, Value as Json};

use super::transforms::Transform;
use super::value::Type;

/// One transform, and a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureSpec {
    /// What it is made by.
    pub transform: Transform,
    /// What happens where it has no value.
    pub policy: PolicySpec,
}

/// What happens where a feature has no value; without any of these the record is rejected.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// The value to take where it is missing, in the feature's type.
    pub default: Option<Literal>,
    /// `nan`: a missing value is NaN, and the feature a double.
    pub missing: Option<MissingSpec>,
    /// `missing`: an invalid value counts as missing.
    pub invalid: Option<InvalidSpec>,
}

/// What a missing value is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MissingSpec {
    /// Not a number.
    Nan,
}

/// What an invalid value is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InvalidSpec {
    /// A missing one.
    Missing,
}

/// A value that the spec itself gives.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected true or false, a number or a string")]
pub enum Literal {
    /// True or false.
    Bool(bool),
    /// A number without fraction and exponent.
    Int64(i64),
    /// A number.
    Double(f64),
    /// A string.
    String(String),
}

impl Literal {
    /// The value, if it is one of the type.
    pub(super) fn of(&self, ty: Type) -> Result<Self> {
        Ok(match (ty, self) {
            (Type::Double, Self::Int64(value)) => Self::Double(*value as f64),
            (Type::Double, Self::Double(_))
            | (Type::Int64, Self::Int64(_))
            | (Type::Bool, Self::Bool(_))
            | (Type::String | Type::Json, Self::String(_))
            | (Type::Json, Self::Bool(_) | Self::Int64(_) | Self::Double(_)) => self.clone(),
            _ => bail!("`default` = {self} is not of the feature's type, {ty}"),
        })
    }

    /// A number's double.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Double(value) => Some(*value),
            Self::Int64(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// An integer.
    pub(super) fn integer(&self) -> Option<i64> {
        if let Self::Int64(value) = self { Some(*value) } else { None }
    }

    /// True or false.
    pub(super) fn boolean(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The type that it has by itself.
    pub(super) fn ty(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int64(_) => Type::Int64,
            Self::Double(_) => Type::Double,
            Self::String(_) => Type::String,
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int64(value) => write!(f, "{value}"),
            Self::Double(value) => write!(f, "{value:?}"),
            Self::String(value) => write!(f, "{value:?}"),
        }
    }
}

const POLICY_KEYS: [&str; 3] = ["default", "missing", "invalid"];

impl FeatureSpec {
    /// A feature that is a field, looked for in the record under its `name`.
    #[must_use]
    pub fn field(name: &str) -> Self {
        Self { transform: Transform::field(name), policy: PolicySpec::default() }
    }

    fn from_members(mut members: Map<String, Json>) -> Result<Self> {
        if let Some((key, _)) = members.iter().find(|(_, value)| has_null(value)) {
            bail!(
                "`{key}` holds null, NaN or an infinity, which stand for nothing; NaN for a missing value is `missing = \"nan\"`"
            );
        }
        let policy: Map<_, _> = POLICY_KEYS.into_iter().filter_map(|key| members.remove_entry(key)).collect();
        let named: Vec<&str> = Transform::KEYS.into_iter().filter(|key| members.contains_key(*key)).collect();
        let key = match named[..] {
            [key] => key,
            [] => bail!("{} give exactly one of `{}`", unknown(members.keys()), Transform::KEYS.join("`, `")),
            _ => bail!("it has `{}`: give exactly one", named.join("` and `")),
        };
        let policy: PolicySpec = serde_json::from_value(Json::Object(policy))?;
        ensure!(
            policy.default.is_none() || policy.missing.is_none(),
            "`default` and `missing` say two things about the same: keep one"
        );
        let transform = Transform::parse(key, members).with_context(|| format!("a feature with `{key}`"))?;
        Ok(Self { transform, policy })
    }
}

/// What is no JSON number, NaN for example, has become null on the way.
fn has_null(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(values) => values.iter().any(has_null),
        Json::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

fn unknown<'a>(keys: impl Iterator<Item = &'a String>) -> String {
    let keys: Vec<_> = keys.map(|key| format!("`{key}`")).collect();
    if keys.is_empty() {
        "it has no transform:".to_owned()
    } else {
        format!("{} is no transform:", keys.join(", "))
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

    /// One of the transforms, each with the keys of the policy besides its own.
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
