//! One feature's part of the work on a record.

use std::fmt;

use super::feature::Literal;
use super::value::{Kind, Problem, Row, Type, Value};
use crate::error::Rejected;

/// Computes a feature.
pub(super) struct Step {
    pub feature: Box<str>,
    /// The register of its first column.
    pub start: usize,
    /// The types of its columns.
    pub types: Vec<Type>,
    pub otherwise: Otherwise,
    pub invalid_is_missing: bool,
    pub compute: Compute,
}

/// What a missing value is taken for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Otherwise {
    Reject,
    Nan,
    /// These, a column each.
    Default(Vec<Literal>),
}

type One = dyn for<'a> Fn(&mut Row<'a>) -> Result<Value<'a>, Problem> + Send + Sync;
type Several = dyn for<'a> Fn(&mut Row<'a>, usize) -> Result<(), Problem> + Send + Sync;

/// How it is computed.
pub(super) enum Compute {
    /// The value of its one column.
    One(Box<One>),
    /// Into the registers from the given one on.
    Several(Box<Several>),
}

impl Step {
    /// Sets the feature's registers.
    pub fn run(&self, row: &mut Row) -> Result<(), Rejected> {
        let done = match &self.compute {
            Compute::One(compute) => compute(row).map(|value| row.values[self.start] = self.typed(value)),
            Compute::Several(compute) => compute(row, self.start).map(|()| {
                let columns = self.start..self.start + self.types.len();
                // Only then can they be of another type than the transform gives.
                if self.otherwise == Otherwise::Nan {
                    row.values[columns].iter_mut().for_each(|value| *value = self.typed(*value));
                }
            }),
        };
        done.or_else(|problem| self.settle(problem, row))
    }

    /// A feature that can be NaN is a double, whatever its transform gives.
    fn typed<'a>(&self, value: Value<'a>) -> Value<'a> {
        match value {
            Value::Int64(value) if self.types[0] == Type::Double => Value::Double(value as f64),
            Value::Bool(value) if self.types[0] == Type::Double => Value::Double(f64::from(u8::from(value))),
            value => value,
        }
    }

    fn settle(&self, problem: Problem, row: &mut Row) -> Result<(), Rejected> {
        let Problem { kind, reason } = problem;
        let is_missing = match kind {
            Kind::Missing | Kind::NaN => true,
            Kind::Invalid => self.invalid_is_missing,
            Kind::Rejected => return Err(*reason),
        };
        let columns = self.start..self.start + self.types.len();
        match &self.otherwise {
            Otherwise::Default(values) if is_missing => {
                for (register, value) in columns.zip(values) {
                    row.values[register] = match value {
                        Literal::Double(value) if self.types[0] != Type::Json => Value::Double(*value),
                        Literal::Int64(value) if self.types[0] != Type::Json => Value::Int64(*value),
                        Literal::Bool(value) if self.types[0] != Type::Json => Value::Bool(*value),
                        Literal::String(value) if self.types[0] != Type::Json => Value::Text(row.make(value)),
                        json => Value::Json(row.make(&json.to_json())),
                    };
                }
            }
            Otherwise::Nan if is_missing => row.values[columns].fill(Value::Double(f64::NAN)),
            // What is made of NaN is NaN, if it has room for that.
            Otherwise::Reject if kind == Kind::NaN && self.types.iter().all(|ty| *ty == Type::Double) => {
                row.values[columns].fill(Value::Double(f64::NAN));
            }
            _ => return Err(Rejected::Feature { feature: self.feature.to_string(), reason }),
        }
        Ok(())
    }
}

impl Literal {
    fn to_json(&self) -> String {
        match self {
            Self::String(value) => serde_json::Value::from(value.as_str()).to_string(),
            other => other.to_string(),
        }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step")
            .field("feature", &self.feature)
            .field("types", &self.types)
            .finish_non_exhaustive()
    }
}
