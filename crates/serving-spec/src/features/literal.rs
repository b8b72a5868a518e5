//! Values that the serving spec itself contains.

use std::fmt;

use anyhow::{Result, bail};
use schemars::JsonSchema;
use serde::Deserialize;

use super::value::Type;

/// A value: `true`, `false`, a number or a string.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected true or false, a number or a string")]
pub enum Literal {
    /// `true` or `false`.
    Bool(bool),
    /// A number without fraction and exponent.
    Int64(i64),
    /// A number.
    Double(f64),
    /// A string.
    String(String),
}

impl Literal {
    /// Returns the value for a feature of type `ty`. An integer also fits a double.
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

    /// Returns the value as a double, if it is a number.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Double(value) => Some(*value),
            Self::Int64(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// Returns the value, if it is an integer.
    pub(super) fn integer(&self) -> Option<i64> {
        if let Self::Int64(value) = self { Some(*value) } else { None }
    }

    /// Returns the value, if it is a boolean.
    pub(super) fn boolean(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// Returns the type of the value itself.
    pub(super) fn ty(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int64(_) => Type::Int64,
            Self::Double(_) => Type::Double,
            Self::String(_) => Type::String,
        }
    }

    /// Returns the value as JSON text.
    pub(super) fn to_json(&self) -> String {
        match self {
            Self::String(value) => serde_json::Value::from(value.as_str()).to_string(),
            other => other.to_string(),
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
