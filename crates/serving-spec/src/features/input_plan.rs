//! One input of the model, and how a row of it is made from features.

use anyhow::{Context, Result, bail, ensure};

use super::compile::Known;
use super::json_field::Field;
use super::operand::{At, Name, Source};
use super::value::{Problem, Row, Text, Type, Value};
use super::vocabulary::{self, FeatureColumns};
use crate::columns::{Element, Number, Port, Values};
use crate::json_type::JsonType;
use crate::rejected::Rejected;

/// The compiled row of one input.
#[derive(Debug)]
pub(super) struct InputPlan {
    element: Element,
    columns: Columns,
}

#[derive(Debug)]
enum Columns {
    /// A value for each column.
    Each(Vec<Source>),
    /// One field, an array with as many elements as there are columns.
    Array { source: Source, width: usize },
    /// Features that a vocabulary spreads over its columns, an entry a row each, and the type of their numbers.
    Spread(Number, Vec<(Source, FeatureColumns)>),
}

impl InputPlan {
    /// An input of the columns of features.
    pub fn compile(port: &Port, features: &[(&str, Known)]) -> Result<Self> {
        let columns = match port.element {
            Element::Map(values) => Columns::Spread(values, spread(&port.keys, features)?),
            _ => dense(port, features)?,
        };
        Ok(Self { element: port.element, columns })
    }

    /// Elements, or sparse entries, a row.
    pub fn elements(&self) -> usize {
        match &self.columns {
            Columns::Each(columns) => columns.len(),
            Columns::Array { width, .. } => *width,
            Columns::Spread(_, features) => features.len(),
        }
    }

    pub fn empty(&self) -> Values {
        Values::empty(&self.element, self.elements())
    }

    /// Adds one row; after an error it may be there in part.
    pub fn push(&self, row: &mut Row, values: &mut Values) -> Result<(), Rejected> {
        match (&self.columns, values) {
            (Columns::Each(columns), values) => {
                columns.iter().try_for_each(|source| rejected(push(source, row, values)))
            }
            (Columns::Array { source, width }, values) => rejected(push_array(source, *width, row, values)),
            (Columns::Spread(number, features), Values::Sparse(sparse)) => {
                for (source, columns) in features {
                    let (column, value) = rejected(entry(source, columns, *number, row))?;
                    sparse.push(column, value);
                }
                Ok(())
            }
            (Columns::Spread(..), _) => unreachable!("`empty` gives sparse values for a vocabulary"),
        }
    }
}

/// What a problem of an input is to the record.
fn rejected<T>(result: Result<T, Problem>) -> Result<T, Rejected> {
    result.map_err(|problem| *problem.reason)
}

fn dense(port: &Port, features: &[(&str, Known)]) -> Result<Columns> {
    let mut columns: Vec<Source> = features.iter().flat_map(|(_, known)| known.columns.clone()).collect();
    if port.width > 1
        && columns.len() == 1
        && matches!(columns[0].at, At::Field(_))
        && let Some(source) = columns.pop()
    {
        return Ok(Columns::Array { source, width: port.width });
    }
    ensure!(
        columns.len() == port.width,
        "it has {} columns, but the features given have {}",
        port.width,
        columns.len()
    );
    let taken: &[Type] = match port.element {
        Element::Float | Element::Double => &[Type::Double, Type::Int64, Type::Bool],
        Element::Int64 | Element::Int32 => &[Type::Int64, Type::Bool],
        Element::Bool => &[Type::Bool],
        Element::String => &[Type::String, Type::Int64],
        Element::Map(_) => &[],
    };
    for (name, known) in features {
        for column in &known.columns {
            column.check(port.element.name(), taken).with_context(|| format!("feature `{name}`"))?;
        }
    }
    Ok(Columns::Each(columns))
}

fn spread(vocabulary: &[String], features: &[(&str, Known)]) -> Result<Vec<(Source, FeatureColumns)>> {
    let names: Vec<&str> = features.iter().map(|(name, _)| *name).collect();
    let columns = vocabulary::spread(&names, vocabulary)?;
    let spread = features.iter().zip(columns).map(|((name, known), columns)| {
        let [source] = &known.columns[..] else {
            bail!("feature `{name}` has several columns, and a DictVectorizer takes one")
        };
        match source.ty {
            Type::String => ensure!(
                columns.takes_strings(),
                "feature `{name}` is a string, but the DictVectorizer was fitted on numbers"
            ),
            Type::Double | Type::Int64 | Type::Bool => ensure!(
                columns.number().is_some(),
                "feature `{name}` is a number, but the DictVectorizer was fitted on strings"
            ),
            Type::Json => {}
        }
        Ok((source.clone(), columns))
    });
    spread.collect()
}

/// Adds a value in the type of the values.
fn push(source: &Source, row: &mut Row, values: &mut Values) -> Result<(), Problem> {
    match values {
        Values::Float(v) => v.push(float(source, source.number_or_nan(row)?)?),
        Values::Double(v) => v.push(source.number_or_nan(row)?),
        Values::Int64(v) => v.push(source.integer(row)?),
        Values::Int32(v) => {
            let value = source.integer(row)?;
            v.push(i32::try_from(value).map_err(|_| beyond(source, "int32"))?);
        }
        Values::Bool(v) => v.push(source.boolean(row)?),
        Values::String(v) => {
            let text = source.string(row)?;
            v.push(row.str(text).to_owned());
        }
        Values::Sparse(_) => unreachable!("a vocabulary's plan is `Columns::Spread`"),
    }
    Ok(())
}

/// The nearest `float`, as in NumPy, but none beyond the largest.
#[expect(clippy::cast_possible_truncation, reason = "rounding to float is what the input's type asks for")]
fn float(source: &Source, value: f64) -> Result<f32, Problem> {
    let float = value as f32;
    if float.is_infinite() { Err(beyond(source, "float")) } else { Ok(float) }
}

fn beyond(source: &Source, target: &'static str) -> Problem {
    source.invalid(match &source.name {
        Name::Field(path) => Rejected::OutOfRange { field: path.to_string(), target },
        Name::Feature(_) => Rejected::Invalid {
            operand: "the input".to_owned(),
            expected: format!("a number in the range of {target}"),
            found: "one beyond",
        },
    })
}

/// Adds the elements of an array.
fn push_array(source: &Source, width: usize, row: &mut Row, values: &mut Values) -> Result<(), Problem> {
    let (Value::Json(Text::Record(json)), Name::Field(path)) = (source.value(row)?, &source.name) else {
        unreachable!("`dense` gives fields to arrays only")
    };
    let array = Field { path, json: Some(json) };
    for element in array.array(width).map_err(|reason| source.invalid(reason))? {
        let element = Field { path, json: Some(element) };
        let pushed = match values {
            Values::Float(v) => element.float().map(|value| v.push(value)),
            Values::Double(v) => element.double().map(|value| v.push(value)),
            Values::Int64(v) => element.int64().map(|value| v.push(value)),
            Values::Int32(v) => element.int32().map(|value| v.push(value)),
            Values::Bool(v) => element.bool().map(|value| v.push(value)),
            Values::String(v) => element.string().map(|value| v.push(value.into_owned())),
            Values::Sparse(_) => unreachable!("a vocabulary's plan is `Columns::Spread`"),
        };
        pushed.map_err(|reason| source.invalid(reason))?;
    }
    Ok(())
}

/// The one entry that a value has in a vocabulary, by the type it comes in and the types that were fitted.
fn entry(
    source: &Source,
    columns: &FeatureColumns,
    number: Number,
    row: &mut Row,
) -> Result<(i32, f64), Problem> {
    let is_number = match source.value(row)? {
        Value::Json(json) => JsonType::of(row.str(json)) == JsonType::Number,
        Value::Text(_) => false,
        _ => true,
    };
    match columns.number() {
        Some(column) if !columns.takes_strings() || is_number => {
            let number = match number {
                Number::Float => f64::from(float(source, source.number(row)?)?),
                Number::Double => source.number(row)?,
                Number::Int64 => exact(source, source.integer(row)?)?,
            };
            Ok((column, number))
        }
        _ => {
            let text = source.string(row)?;
            Ok((columns.category(row.str(text)), 1.0))
        }
    }
}

/// An integer as a double, which holds those up to 2^53, as every number in JSON is that must be the same everywhere
/// (RFC 8259, 6).
fn exact(source: &Source, integer: i64) -> Result<f64, Problem> {
    let most = 1_u64 << 53;
    if integer.unsigned_abs() <= most {
        return Ok(integer as f64);
    }
    Err(Problem::invalid(
        &source.name,
        "an integer of at most 2^53 either way, as wider ones are not exact",
        "a wider one",
    ))
}
