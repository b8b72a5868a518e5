//! Operands of transforms: what the spec names, and where it is found in a row.

use std::fmt;
use std::sync::Arc;

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::feature::Literal;
use super::json_field::Field;
use super::value::{Kind, Problem, Row, Text, Type, Value};
use crate::field_path::FieldPath;
use crate::json_type::JsonType;
use crate::rejected::Rejected;

/// A feature's name, a field of the record as a JSON pointer, or, where numbers are taken, a number.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a feature's name, a JSON pointer such as `/field`, or a number")]
pub enum Operand {
    /// A feature, or a JSON pointer.
    Name(String),
    /// A number.
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

/// A compiled operand.
#[derive(Debug, Clone)]
pub struct Source {
    pub(super) at: At,
    pub(super) ty: Type,
    pub(super) name: Name,
    /// The feature whose fault it is if the field does not hold what is asked for; without it, that of who asks.
    pub(super) owner: Option<Arc<str>>,
    /// What stands for the field where it is missing.
    pub(super) default: Option<Literal>,
    /// Whether that also stands for what can't be used.
    pub(super) invalid_is_missing: bool,
}

/// Where the value is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum At {
    Literal(f64),
    Field(usize),
    Register(usize),
}

/// What the operand is called in messages.
#[derive(Debug, Clone, PartialEq)]
pub enum Name {
    /// A field of the record.
    Field(FieldPath),
    /// A feature.
    Feature(Box<str>),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(path) => write!(f, "field `{path}`"),
            Self::Feature(name) => write!(f, "feature `{name}`"),
        }
    }
}

impl Source {
    pub(super) fn new(at: At, ty: Type, name: Name) -> Self {
        Self { at, ty, name, owner: None, default: None, invalid_is_missing: false }
    }

    /// Whether it can be one of some types, which are asked for as `what`.
    pub(super) fn check(&self, what: &str, types: &[Type]) -> Result<()> {
        let default = self.default.as_ref();
        let ty = default.map_or(self.ty, Literal::ty);
        // A feature that is true or false is a number, but the record's `true` is none.
        let is_none = default.is_some() && ty == Type::Bool && types.contains(&Type::Double);
        let fits = ty == Type::Json || types.contains(&ty) && !is_none;
        let default = if default.is_some() { "its `default`" } else { "it" };
        ensure!(fits, "{default} is of type {ty}, and {what} is needed: `cast` it");
        Ok(())
    }

    /// The value as it is; of a field, its JSON text.
    pub(super) fn value<'a>(&self, row: &Row<'a>) -> Result<Value<'a>, Problem> {
        match self.at {
            At::Literal(number) => Ok(Value::Double(number)),
            At::Field(slot) => match row.fields[slot] {
                Some("null") => Err(self.null()),
                Some(json) => Ok(Value::Json(Text::Record(json))),
                None => Err(self.owned(Problem::missing(Rejected::Missing { field: self.path() }))),
            },
            At::Register(register) => Ok(row.values[register]),
        }
    }

    /// A number, which is not missing.
    pub(super) fn number(&self, row: &Row) -> Result<f64, Problem> {
        let value = self.number_or_nan(row)?;
        if value.is_nan() { Err(self.nan()) } else { Ok(value) }
    }

    /// A number, or NaN if the feature says that it is missing.
    pub(super) fn number_or_nan(&self, row: &Row) -> Result<f64, Problem> {
        match self.value(row)? {
            Value::Double(value) => Ok(value),
            Value::Int64(value) => Ok(value as f64),
            Value::Bool(value) => Ok(f64::from(u8::from(value))),
            Value::Json(json) => {
                self.field(row.str(json)).double().or_else(|reason| self.instead(reason, Literal::number))
            }
            Value::Text(_) => Err(self.wrong_type("a number", JsonType::String)),
        }
    }

    /// An integer.
    pub(super) fn integer(&self, row: &Row) -> Result<i64, Problem> {
        match self.value(row)? {
            Value::Int64(value) => Ok(value),
            Value::Bool(value) => Ok(i64::from(value)),
            Value::Json(json) => {
                self.field(row.str(json)).int64().or_else(|reason| self.instead(reason, Literal::integer))
            }
            Value::Double(value) if value.is_nan() => Err(self.nan()),
            Value::Double(_) => Err(self.wrong_type("an integer", JsonType::Number)),
            Value::Text(_) => Err(self.wrong_type("an integer", JsonType::String)),
        }
    }

    /// True or false.
    pub(super) fn boolean(&self, row: &Row) -> Result<bool, Problem> {
        match self.value(row)? {
            Value::Bool(value) => Ok(value),
            Value::Json(json) => {
                self.field(row.str(json)).bool().or_else(|reason| self.instead(reason, Literal::boolean))
            }
            Value::Double(_) | Value::Int64(_) => Err(self.wrong_type("a boolean", JsonType::Number)),
            Value::Text(_) => Err(self.wrong_type("a boolean", JsonType::String)),
        }
    }

    /// A string, or a number as it is written.
    pub(super) fn text<'a>(&self, row: &mut Row<'a>) -> Result<Text<'a>, Problem> {
        match self.value(row)? {
            Value::Text(text) => Ok(text),
            Value::Int64(value) => Ok(row.make(itoa::Buffer::new().format(value))),
            Value::Json(json) => match JsonType::of(row.str(json)) {
                JsonType::String => self.unquote(json, row),
                JsonType::Number => Ok(json),
                found => self.text_instead(self.wrong_type("a string or a number", found), row),
            },
            Value::Double(_) | Value::Bool(_) => Err(self.wrong_type("a string", JsonType::Number)),
        }
    }

    /// A string.
    pub(super) fn string<'a>(&self, row: &mut Row<'a>) -> Result<Text<'a>, Problem> {
        match self.value(row)? {
            Value::Json(json) => match JsonType::of(row.str(json)) {
                JsonType::String => self.unquote(json, row),
                found => self.text_instead(self.wrong_type("a string", found), row),
            },
            _ => self.text(row),
        }
    }

    /// The content of a JSON string: without escapes, as nearly all are, part of it.
    pub(super) fn unquote<'a>(&self, json: Text<'a>, row: &mut Row<'a>) -> Result<Text<'a>, Problem> {
        let quoted = row.str(json);
        if quoted.contains('\\') {
            // The text was checked as JSON, but a lone surrogate passes that and is no string still.
            let Ok(content) = serde_json::from_str::<String>(quoted) else {
                let problem = self.wrong_type("a string of Unicode characters", JsonType::String);
                return self.text_instead(problem, row);
            };
            return Ok(row.make(&content));
        }
        Ok(json.part(1, quoted.len() - 1))
    }

    /// JSON, under the name of the field that it comes from.
    fn field<'f>(&'f self, json: &'f str) -> Field<'f, 'f> {
        match &self.name {
            Name::Field(path) => Field { path, json: Some(json) },
            Name::Feature(_) => unreachable!("JSON comes from fields, and goes by their names"),
        }
    }

    fn path(&self) -> String {
        match &self.name {
            Name::Field(path) => path.to_string(),
            Name::Feature(name) => name.to_string(),
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
        Problem { kind: Kind::NaN, reason: Box::new(reason) }
    }

    /// The default, if it stands for what can't be used.
    fn instead<T>(&self, reason: Rejected, of: impl Fn(&Literal) -> Option<T>) -> Result<T, Problem> {
        self.default_of_invalid().and_then(of).ok_or_else(|| self.invalid(reason))
    }

    /// What stands for what can't be used.
    pub(super) fn default_of_invalid(&self) -> Option<&Literal> {
        self.default.as_ref().filter(|_| self.invalid_is_missing)
    }

    /// The default's text.
    pub(super) fn text_instead<'a>(&self, problem: Problem, row: &mut Row<'a>) -> Result<Text<'a>, Problem> {
        match self.default_of_invalid() {
            Some(Literal::String(text)) => Ok(row.make(text)),
            Some(Literal::Int64(value)) => Ok(row.make(itoa::Buffer::new().format(*value))),
            _ => Err(problem),
        }
    }

    /// What is there can't be used.
    pub(super) fn invalid(&self, reason: Rejected) -> Problem {
        self.owned(Problem { kind: Kind::Invalid, reason: Box::new(reason) })
    }

    /// A problem of who asks, or the rejection by the feature that the field is.
    pub(super) fn owned(&self, problem: Problem) -> Problem {
        match &self.owner {
            Some(owner) => {
                let reason = Rejected::Feature { feature: owner.to_string(), reason: problem.reason };
                Problem { kind: Kind::Rejected, reason: Box::new(reason) }
            }
            None => problem,
        }
    }
}
