//! The operands of transforms: what the spec names, and where its value is in a row.

use std::fmt;
use std::sync::Arc;

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::json_field::JsonField;
use super::literal::Literal;
use super::problem::{Problem, ProblemKind};
use super::row::Row;
use super::value::{Text, Type, Value};
use crate::field_path::FieldPath;
use crate::json_type::JsonType;
use crate::rejected::Rejected;

/// The name of a feature, a field of the record as a JSON pointer such as `/field`, or a number.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a feature's name, a JSON pointer such as `/field`, or a number")]
pub enum Operand {
    /// The name of a feature, or a JSON pointer.
    Name(String),
    /// A number. It can stand where a transform takes numbers.
    Number(f64),
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// A resolved operand.
#[derive(Debug, Clone)]
pub struct Source {
    pub(super) location: Location,
    pub(super) ty: Type,
    pub(super) name: SourceName,
    /// The feature that rejects the document if the field is missing or wrong. Without an owner, the policy
    /// of the feature that reads the field decides.
    pub(super) owner: Option<Arc<str>>,
    /// The value to use if the field is missing.
    pub(super) default: Option<Literal>,
    /// Whether `default` also replaces a value that cannot be used.
    pub(super) invalid_is_missing: bool,
}

/// Where the value of a source is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Location {
    /// In the spec itself.
    Literal(f64),
    /// In a field, by slot.
    Field(usize),
    /// In a register.
    Register(usize),
}

/// The name of a source in messages.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceName {
    /// A field of the document.
    Field(FieldPath),
    /// A feature.
    Feature(Box<str>),
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(path) => write!(f, "field `{path}`"),
            Self::Feature(name) => write!(f, "feature `{name}`"),
        }
    }
}

impl Source {
    pub(super) fn new(location: Location, ty: Type, name: SourceName) -> Self {
        Self { location, ty, name, owner: None, default: None, invalid_is_missing: false }
    }

    /// A field of the document, whose type depends on its use.
    pub(super) fn field(slot: usize, path: FieldPath) -> Self {
        Self::new(Location::Field(slot), Type::Json, SourceName::Field(path))
    }

    /// Checks that the source can have one of `types`. Messages call those types `expected`.
    pub(super) fn check(&self, expected: &str, types: &[Type]) -> Result<()> {
        let default = self.default.as_ref();
        let ty = default.map_or(self.ty, Literal::ty);
        // A feature that is true or false counts as a number, but a `true` in the document does not. Neither
        // does a default that stands for a field.
        let is_boolean = default.is_some() && ty == Type::Bool && types.contains(&Type::Double);
        let fits = ty == Type::Json || types.contains(&ty) && !is_boolean;
        let which = if default.is_some() { "its `default`: " } else { "" };
        ensure!(fits, "{which}expected {expected}, found type {ty}; use `cast` to convert it");
        Ok(())
    }

    /// Returns the value unchanged. The value of a field is its JSON text.
    pub(super) fn value<'a>(&self, row: &Row<'a>) -> Result<Value<'a>, Problem> {
        match self.location {
            Location::Literal(number) => Ok(Value::Double(number)),
            Location::Field(slot) => match row.fields[slot] {
                Some("null") => Err(self.null()),
                Some(json) => Ok(Value::Json(Text::Document(json))),
                None => Err(self.owned(Problem::missing(Rejected::Missing { field: self.path() }))),
            },
            Location::Register(register) => Ok(row.values[register]),
        }
    }

    /// Returns a number. NaN is a missing value, so it is a problem.
    pub(super) fn number(&self, row: &Row) -> Result<f64, Problem> {
        let value = self.number_or_nan(row)?;
        if value.is_nan() { Err(self.nan()) } else { Ok(value) }
    }

    /// Returns a number, or NaN if the feature is missing and declares NaN for that.
    pub(super) fn number_or_nan(&self, row: &Row) -> Result<f64, Problem> {
        match self.value(row)? {
            Value::Double(value) => Ok(value),
            Value::Int64(value) => Ok(value as f64),
            Value::Bool(value) => Ok(f64::from(u8::from(value))),
            Value::Json(json) => {
                self.json(row.str(json)).double().or_else(|reason| self.default_for(reason, Literal::number))
            }
            Value::Text(_) => Err(self.wrong_type("a number", JsonType::String)),
        }
    }

    /// Returns an integer.
    pub(super) fn integer(&self, row: &Row) -> Result<i64, Problem> {
        match self.value(row)? {
            Value::Int64(value) => Ok(value),
            Value::Bool(value) => Ok(i64::from(value)),
            Value::Json(json) => {
                self.json(row.str(json)).int64().or_else(|reason| self.default_for(reason, Literal::integer))
            }
            Value::Double(value) if value.is_nan() => Err(self.nan()),
            Value::Double(_) => Err(self.wrong_type("an integer", JsonType::Number)),
            Value::Text(_) => Err(self.wrong_type("an integer", JsonType::String)),
        }
    }

    /// Returns a boolean.
    pub(super) fn boolean(&self, row: &Row) -> Result<bool, Problem> {
        match self.value(row)? {
            Value::Bool(value) => Ok(value),
            Value::Json(json) => {
                self.json(row.str(json)).bool().or_else(|reason| self.default_for(reason, Literal::boolean))
            }
            Value::Double(_) | Value::Int64(_) => Err(self.wrong_type("a boolean", JsonType::Number)),
            Value::Text(_) => Err(self.wrong_type("a boolean", JsonType::String)),
        }
    }

    /// Returns a string, or a number as the document writes it.
    pub(super) fn text<'a>(&self, row: &mut Row<'a>) -> Result<Text<'a>, Problem> {
        match self.value(row)? {
            Value::Text(text) => Ok(text),
            Value::Int64(value) => Ok(row.build(itoa::Buffer::new().format(value))),
            Value::Json(json) => match JsonType::of(row.str(json)) {
                JsonType::String => self.unquote(json, row),
                JsonType::Number => Ok(json),
                found => self.default_text_for(self.wrong_type("a string or a number", found), row),
            },
            Value::Double(_) | Value::Bool(_) => Err(self.wrong_type("a string", JsonType::Number)),
        }
    }

    /// Returns a string.
    pub(super) fn string<'a>(&self, row: &mut Row<'a>) -> Result<Text<'a>, Problem> {
        match self.value(row)? {
            Value::Json(json) => match JsonType::of(row.str(json)) {
                JsonType::String => self.unquote(json, row),
                found => self.default_text_for(self.wrong_type("a string", found), row),
            },
            _ => self.text(row),
        }
    }

    /// Returns the content of a JSON string. A string without escapes, the usual case, is not copied.
    pub(super) fn unquote<'a>(&self, json: Text<'a>, row: &mut Row<'a>) -> Result<Text<'a>, Problem> {
        let quoted = row.str(json);
        if quoted.contains('\\') {
            let bytes = quoted.len();
            if !row.fits(bytes) {
                return Ok(row.build(""));
            }
            let quoted = row.str(json);
            // The document was checked as JSON. That admits a lone surrogate, which is not a Unicode string.
            let Ok(content) = serde_json::from_str::<String>(quoted) else {
                let problem = self.wrong_type("a string of Unicode characters", JsonType::String);
                return self.default_text_for(problem, row);
            };
            return Ok(row.build(&content));
        }
        Ok(json.part(1, quoted.len() - 1))
    }

    /// Returns JSON text under the name of its field.
    fn json<'f>(&'f self, json: &'f str) -> JsonField<'f, 'f> {
        match &self.name {
            SourceName::Field(path) => JsonField { path, json: Some(json) },
            SourceName::Feature(_) => unreachable!("only fields hold JSON, and they keep their own names"),
        }
    }

    fn path(&self) -> String {
        match &self.name {
            SourceName::Field(path) => path.to_string(),
            SourceName::Feature(name) => name.to_string(),
        }
    }

    pub(super) fn wrong_type(&self, expected: &'static str, found: JsonType) -> Problem {
        self.invalid(Rejected::WrongType { field: self.path(), expected, found })
    }

    fn null(&self) -> Problem {
        let expected = "a value";
        let found = JsonType::Null;
        self.owned(Problem::missing(Rejected::WrongType { field: self.path(), expected, found }))
    }

    fn nan(&self) -> Problem {
        let reason = Rejected::NoValue { feature: self.path() };
        Problem { kind: ProblemKind::NaN, reason: Box::new(reason) }
    }

    /// Returns the default if it replaces values that cannot be used, else the problem for `reason`.
    fn default_for<T>(&self, reason: Rejected, of: impl Fn(&Literal) -> Option<T>) -> Result<T, Problem> {
        self.default_for_invalid().and_then(of).ok_or_else(|| self.invalid(reason))
    }

    /// Returns the default as text if it replaces values that cannot be used, else `problem`.
    pub(super) fn default_text_for<'a>(
        &self,
        problem: Problem,
        row: &mut Row<'a>,
    ) -> Result<Text<'a>, Problem> {
        match self.default_for_invalid() {
            Some(Literal::String(text)) => Ok(row.build(text)),
            Some(Literal::Int64(value)) => Ok(row.build(itoa::Buffer::new().format(*value))),
            _ => Err(problem),
        }
    }

    /// Returns the default if it replaces values that cannot be used.
    pub(super) fn default_for_invalid(&self) -> Option<&Literal> {
        self.default.as_ref().filter(|_| self.invalid_is_missing)
    }

    /// The problem of a value that cannot be used.
    pub(super) fn invalid(&self, reason: Rejected) -> Problem {
        self.owned(Problem { kind: ProblemKind::Invalid, reason: Box::new(reason) })
    }

    /// Turns `problem` into a rejection by the owner of the field. Without an owner it stays a problem of the
    /// feature that reads the field.
    pub(super) fn owned(&self, problem: Problem) -> Problem {
        match &self.owner {
            Some(owner) => {
                let reason = Rejected::Feature { feature: owner.to_string(), reason: problem.reason };
                Problem { kind: ProblemKind::Rejected, reason: Box::new(reason) }
            }
            None => problem,
        }
    }
}
