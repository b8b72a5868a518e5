//! Conversion from one type to another.

use anyhow::{Result, bail};
use schemars::JsonSchema;
use serde::Deserialize;

use super::field::FieldType;
use super::unary::WHITE_SPACE;
use crate::features::computation::{Computation, one};
use crate::features::decimal::is_decimal;
use crate::features::literal::Literal;
use crate::features::operand::{Operand, Source};
use crate::features::problem::Problem;
use crate::features::row::Row;
use crate::features::scope::{Compile, Operands};
use crate::features::value::{Text, Type, Value};
use crate::json_type::JsonType;

/// A value, converted to another type.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cast {
    /// A value of any type.
    cast: Operand,
    /// The type to convert it to.
    to: FieldType,
}

impl Compile for Cast {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        let x = operands.operand(&self.cast)?;
        if x.ty == Type::Double && self.to == FieldType::String {
            bail!("a double has more than one text: cast it to `int64` first");
        }
        Ok(match self.to {
            FieldType::Double => one(Type::Double, move |row| to_double(&x, row).map(Value::Double)),
            FieldType::Int64 => one(Type::Int64, move |row| to_int64(&x, row).map(Value::Int64)),
            FieldType::Bool => one(Type::Bool, move |row| to_bool(&x, row).map(Value::Bool)),
            FieldType::String => one(Type::String, move |row| to_string(&x, row).map(Value::Text)),
        })
    }
}

/// A value to convert. If it is a field without a type, its JSON type decides.
enum Given<'a> {
    Text(Text<'a>),
    Bool(bool),
    Int64(i64),
    Double(f64),
    /// A number, as the document writes it.
    Json(Text<'a>),
}

fn given<'a>(x: &Source, row: &mut Row<'a>) -> Result<Given<'a>, Problem> {
    Ok(match x.value(row)? {
        Value::Text(text) => Given::Text(text),
        Value::Bool(value) => Given::Bool(value),
        Value::Int64(value) => Given::Int64(value),
        Value::Double(_) => Given::Double(x.number(row)?),
        Value::Json(json) => match JsonType::of(row.str(json)) {
            JsonType::String => Given::Text(x.unquote(json, row)?),
            JsonType::Number => Given::Json(json),
            JsonType::Boolean => Given::Bool(row.str(json) == "true"),
            found => match x.default_for_invalid() {
                Some(Literal::String(text)) => Given::Text(row.build(text)),
                Some(Literal::Bool(value)) => Given::Bool(*value),
                Some(Literal::Int64(value)) => Given::Int64(*value),
                Some(Literal::Double(value)) => Given::Double(*value),
                None => return Err(x.wrong_type("a number, a string or a boolean", found)),
            },
        },
    })
}

fn to_double(x: &Source, row: &mut Row) -> Result<f64, Problem> {
    match given(x, row)? {
        Given::Bool(value) => Ok(f64::from(u8::from(value))),
        Given::Int64(value) => Ok(value as f64),
        Given::Double(value) => Ok(value),
        Given::Json(_) => x.number(row),
        Given::Text(text) => {
            let text = row.str(text).trim_matches(WHITE_SPACE);
            let number = if is_decimal(text) { text.parse().ok() } else { None };
            let number = number.filter(|number: &f64| number.is_finite());
            number.ok_or_else(|| Problem::invalid(&x.name, "a text that is a number", "another text"))
        }
    }
}

fn to_int64(x: &Source, row: &mut Row) -> Result<i64, Problem> {
    match given(x, row)? {
        Given::Bool(value) => Ok(i64::from(value)),
        Given::Int64(value) => Ok(value),
        Given::Double(value) => cut(x, value),
        Given::Json(json) if row.str(json).contains(['.', 'e', 'E']) => cut(x, x.number(row)?),
        Given::Json(_) => x.integer(row),
        Given::Text(text) => {
            let text = row.str(text).trim_matches(WHITE_SPACE);
            let integer = text.parse().ok();
            integer.ok_or_else(|| {
                Problem::invalid(&x.name, "a text that is an integer of int64", "another text")
            })
        }
    }
}

fn to_bool(x: &Source, row: &mut Row) -> Result<bool, Problem> {
    match given(x, row)? {
        Given::Bool(value) => Ok(value),
        Given::Int64(value) => Ok(value != 0),
        Given::Double(value) => Ok(value != 0.0),
        Given::Json(_) => Ok(x.number(row)? != 0.0),
        Given::Text(text) => match row.str(text).trim_matches(WHITE_SPACE) {
            text if text.eq_ignore_ascii_case("true") => Ok(true),
            text if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(Problem::invalid(&x.name, "a text that is `true` or `false`", "another text")),
        },
    }
}

fn to_string<'a>(x: &Source, row: &mut Row<'a>) -> Result<Text<'a>, Problem> {
    match given(x, row)? {
        Given::Bool(value) => Ok(row.build(if value { "true" } else { "false" })),
        Given::Text(text) | Given::Json(text) => Ok(text),
        Given::Int64(_) | Given::Double(_) => x.text(row),
    }
}

/// Rounds toward zero. A number outside the range of int64 is a problem.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn cut(x: &Source, number: f64) -> Result<i64, Problem> {
    let limit = 2.0_f64.powi(63);
    let is_within = (-limit..limit).contains(&number.trunc());
    is_within
        .then_some(number as i64)
        .ok_or_else(|| Problem::invalid(&x.name, "a number in the range of int64", "one beyond it"))
}
