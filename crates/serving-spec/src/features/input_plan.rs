//! One input of the model, and how a row of it is built from features.

use anyhow::{Context, Result, bail, ensure};

use super::compile::CompiledFeature;
use super::json_field::JsonField;
use super::operand::{Location, Source, SourceName};
use super::problem::Problem;
use super::row::Row;
use super::value::{Text, Type, Value};
use super::vocabulary::{self, FeatureColumns};
use crate::columns::{Element, Number, Port, Values};
use crate::json_type::JsonType;
use crate::rejected::Rejected;

/// Builds the rows of one input.
#[derive(Debug)]
pub(super) struct InputPlan {
    element: Element,
    columns: InputColumns,
}

/// How the columns of an input are filled.
#[derive(Debug)]
enum InputColumns {
    /// Each column has its own source.
    Each(Vec<Source>),
    /// One field is an array with an element for each column.
    Array { source: Source, width: usize },
    /// A vocabulary assigns columns to features. Each feature gives one sparse entry per row; numbers have
    /// the given type.
    Spread(Number, Vec<(Source, FeatureColumns)>),
}

impl InputPlan {
    /// Checks that the features fit the input.
    pub fn compile(port: &Port, features: &[(&str, CompiledFeature)]) -> Result<Self> {
        let columns = match port.element {
            Element::Map(values) => InputColumns::Spread(values, spread(&port.keys, features)?),
            _ => dense(port, features)?,
        };
        Ok(Self { element: port.element, columns })
    }

    /// Returns the number of elements, or of sparse entries, per row.
    pub fn elements(&self) -> usize {
        match &self.columns {
            InputColumns::Each(columns) => columns.len(),
            InputColumns::Array { width, .. } => *width,
            InputColumns::Spread(_, features) => features.len(),
        }
    }

    /// Whether rows are sparse.
    pub fn is_sparse(&self) -> bool {
        matches!(self.columns, InputColumns::Spread(..))
    }

    /// Returns values without rows.
    pub fn empty(&self) -> Values {
        Values::empty(&self.element, self.elements())
    }

    /// Appends one row. After an error, part of the row may remain.
    pub fn push(&self, row: &mut Row, values: &mut Values) -> Result<(), Rejected> {
        match (&self.columns, values) {
            (InputColumns::Each(columns), values) => {
                columns.iter().try_for_each(|source| rejected(push(source, row, values)))
            }
            (InputColumns::Array { source, width }, values) => {
                rejected(push_array(source, *width, row, values))
            }
            (InputColumns::Spread(number, features), Values::Sparse(sparse)) => {
                for (source, columns) in features {
                    let (column, value) = rejected(entry(source, columns, *number, row))?;
                    sparse.push(column, value);
                }
                Ok(())
            }
            (InputColumns::Spread(..), _) => unreachable!("`empty` returns sparse values for a vocabulary"),
        }
    }
}

/// Turns a problem of an input into a rejection of the document.
fn rejected<T>(result: Result<T, Problem>) -> Result<T, Rejected> {
    result.map_err(|problem| *problem.reason)
}

fn dense(port: &Port, features: &[(&str, CompiledFeature)]) -> Result<InputColumns> {
    let mut columns: Vec<Source> = features.iter().flat_map(|(_, feature)| feature.columns.clone()).collect();
    if port.width > 1
        && columns.len() == 1
        && matches!(columns[0].location, Location::Field(_))
        && let Some(source) = columns.pop()
    {
        return Ok(InputColumns::Array { source, width: port.width });
    }
    ensure!(
        columns.len() == port.width,
        "it has {} columns, but its features have {}",
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
    for (name, feature) in features {
        for column in &feature.columns {
            column.check(port.element.name(), taken).with_context(|| format!("feature `{name}`"))?;
        }
    }
    Ok(InputColumns::Each(columns))
}

fn spread(
    vocabulary: &[String],
    features: &[(&str, CompiledFeature)],
) -> Result<Vec<(Source, FeatureColumns)>> {
    let names: Vec<&str> = features.iter().map(|(name, _)| *name).collect();
    let columns = vocabulary::spread(&names, vocabulary)?;
    let spread = features.iter().zip(columns).map(|((name, feature), columns)| {
        let [source] = &feature.columns[..] else {
            bail!("feature `{name}` has several columns, but a DictVectorizer takes one")
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

/// Appends a value, converted to the element type.
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
            let bytes = row.str(text).len();
            row.take_text(bytes).map_err(Problem::rejected)?;
            v.push(row.str(text).to_owned());
        }
        Values::Sparse(_) => unreachable!("a vocabulary's plan is `InputColumns::Spread`"),
    }
    Ok(())
}

/// Returns the nearest `float`, as in NumPy. A number beyond the largest `float` is a problem.
#[expect(clippy::cast_possible_truncation, reason = "the input's type asks for the rounding to float")]
fn float(source: &Source, value: f64) -> Result<f32, Problem> {
    let float = value as f32;
    if float.is_infinite() { Err(beyond(source, "float")) } else { Ok(float) }
}

fn beyond(source: &Source, target: &'static str) -> Problem {
    source.invalid(match &source.name {
        SourceName::Field(path) => Rejected::OutOfRange { field: path.to_string(), target },
        SourceName::Feature(_) => Rejected::Invalid {
            operand: "the input".to_owned(),
            expected: format!("a number in the range of {target}"),
            found: "one beyond it",
        },
    })
}

/// Appends the elements of an array.
fn push_array(source: &Source, width: usize, row: &mut Row, values: &mut Values) -> Result<(), Problem> {
    let (Value::Json(Text::Document(json)), SourceName::Field(path)) = (source.value(row)?, &source.name)
    else {
        unreachable!("`dense` makes arrays of fields only")
    };
    let array = JsonField { path, json: Some(json) };
    for element in array.array(width).map_err(|reason| source.invalid(reason))? {
        let element = JsonField { path, json: Some(element) };
        let pushed = match values {
            Values::Float(v) => element.float().map(|value| v.push(value)),
            Values::Double(v) => element.double().map(|value| v.push(value)),
            Values::Int64(v) => element.int64().map(|value| v.push(value)),
            Values::Int32(v) => element.int32().map(|value| v.push(value)),
            Values::Bool(v) => element.bool().map(|value| v.push(value)),
            Values::String(v) => {
                // In JSON, a string has at least as many bytes.
                row.take_text(element.json.map_or(0, str::len)).map_err(Problem::rejected)?;
                element.string().map(|value| v.push(value.into_owned()))
            }
            Values::Sparse(_) => unreachable!("a vocabulary's plan is `InputColumns::Spread`"),
        };
        pushed.map_err(|reason| source.invalid(reason))?;
    }
    Ok(())
}

/// Returns the column and the value of the sparse entry for a feature. The type of the value, and the types
/// that the vocabulary was fitted on, decide the column.
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

/// Converts an integer to a double. Integers up to 2^53 convert exactly, and only those are interoperable in
/// JSON (RFC 8259, section 6).
fn exact(source: &Source, integer: i64) -> Result<f64, Problem> {
    let most = 1_u64 << 53;
    if integer.unsigned_abs() <= most {
        return Ok(integer as f64);
    }
    Err(Problem::invalid(
        &source.name,
        "an integer from -2^53 to 2^53, which a double represents exactly",
        "one beyond it",
    ))
}
