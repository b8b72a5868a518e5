//! From one type to another.

use anyhow::{Result, bail};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use super::field::FieldType;
use super::trim::WHITE_SPACE;
use crate::error::JsonType;
use crate::features::compile::Scope;
use crate::features::compiled::{Compiled, one};
use crate::features::operand::{Operand, Source};
use crate::features::value::{Problem, Row, Text, Type, Value};

/// A value as one of another type.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cast {
    /// Of any type.
    cast: Operand,
    /// The type that it is to have.
    to: FieldType,
}

impl Compile for Cast {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let x = scope.operand(&self.cast)?;
        if x.ty == Type::Double && self.to == FieldType::String {
            bail!("a double has no one text: cast it to `int64` first");
        }
        Ok(match self.to {
            FieldType::Double => one(Type::Double, move |row| to_double(&x, row).map(Value::Double)),
            FieldType::Int64 => one(Type::Int64, move |row| to_int64(&x, row).map(Value::Int64)),
            FieldType::Bool => one(Type::Bool, move |row| to_bool(&x, row).map(Value::Bool)),
            FieldType::String => one(Type::String, move |row| to_string(&x, row).map(Value::Text)),
        })
    }
}

/// What is cast: what a field holds decides.
enum Given<'a> {
    Text(Text<'a>),
    Number,
    Bool(bool),
}

fn given<'a>(x: &Source, row: &mut Row<'a>) -> Result<Given<'a>, Problem> {
    Ok(match x.value(row)? {
        Value::Text(text) => Given::Text(text),
        Value::Bool(value) => Given::Bool(value),
        Value::Double(_) | Value::Int64(_) => Given::Number,
        Value::Json(json) => match JsonType::of(row.str(json)) {
            JsonType::String => Given::Text(x.unquote(json, row)?),
            JsonType::Number => Given::Number,
            JsonType::Boolean => Given::Bool(row.str(json) == "true"),
            found => return Err(x.wrong_type("a number, a string or a boolean", found)),
        },
    })
}

fn to_double(x: &Source, row: &mut Row) -> Result<f64, Problem> {
    match given(x, row)? {
        Given::Number => x.number(row),
        Given::Bool(value) => Ok(f64::from(u8::from(value))),
        Given::Text(text) => {
            let text = row.str(text).trim_matches(WHITE_SPACE);
            let number = if is_number(text) { text.parse().ok() } else { None };
            let number = number.filter(|number: &f64| number.is_finite());
            number.ok_or_else(|| Problem::invalid(&x.name, "a text that is a number", "another"))
        }
    }
}

fn to_int64(x: &Source, row: &mut Row) -> Result<i64, Problem> {
    match given(x, row)? {
        Given::Number => match x.value(row)? {
            Value::Int64(value) => Ok(value),
            Value::Json(json) if !row.str(json).contains(['.', 'e', 'E']) => x.integer(row),
            _ => cut(x.number(row)?)
                .ok_or_else(|| Problem::invalid(&x.name, "a number in the range of int64", "one beyond")),
        },
        Given::Bool(value) => Ok(i64::from(value)),
        Given::Text(text) => {
            let text = row.str(text).trim_matches(WHITE_SPACE);
            let integer = text.parse().ok();
            integer.ok_or_else(|| Problem::invalid(&x.name, "a text that is an integer of int64", "another"))
        }
    }
}

fn to_bool(x: &Source, row: &mut Row) -> Result<bool, Problem> {
    match given(x, row)? {
        Given::Number => Ok(x.number(row)? != 0.0),
        Given::Bool(value) => Ok(value),
        Given::Text(text) => match row.str(text).trim_matches(WHITE_SPACE) {
            text if text.eq_ignore_ascii_case("true") => Ok(true),
            text if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(Problem::invalid(&x.name, "a text that is `true` or `false`", "another")),
        },
    }
}

fn to_string<'a>(x: &Source, row: &mut Row<'a>) -> Result<Text<'a>, Problem> {
    match given(x, row)? {
        Given::Number => x.text(row),
        Given::Bool(value) => Ok(row.make(if value { "true" } else { "false" })),
        Given::Text(text) => Ok(text),
    }
}

/// Digits with an optional sign, fraction and exponent: Rust and Python both read more than that as numbers.
pub(super) fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) =
        mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let integer = |text: &str| digits(text.strip_prefix(['+', '-']).unwrap_or(text));
    integer(whole) && fraction.is_none_or(digits) && exponent.is_none_or(integer)
}

/// Toward zero, if that is an int64.
#[expect(clippy::cast_possible_truncation, reason = "the range is looked at")]
fn cut(number: f64) -> Option<i64> {
    let limit = 2.0_f64.powi(63);
    (-limit..limit).contains(&number.trunc()).then_some(number as i64)
}
