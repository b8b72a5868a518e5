//! One feature's part of the work on a record.

use std::fmt;
use std::ops::Range;

use super::feature::Literal;
use super::operand::Source;
use super::value::{Kind, Problem, Row, Type, Value};
use crate::rejected::Rejected;

/// Computes a feature.
pub(super) struct Step {
    pub feature: Box<str>,
    /// The register of its first column.
    pub start: usize,
    /// The types of its columns.
    pub types: Vec<Type>,
    pub otherwise: Otherwise,
    pub invalid_is_missing: bool,
    /// The features among its operands that no step computes: fields of the record, which reject it where they are missing.
    pub plain: Vec<Source>,
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

pub(super) type One = dyn for<'a> Fn(&mut Row<'a>) -> Result<Value<'a>, Problem> + Send + Sync;
pub(super) type Several = dyn for<'a> Fn(&mut Row<'a>, usize) -> Result<(), Problem> + Send + Sync;

/// How it is computed.
pub(super) enum Compute {
    /// The value of its one column.
    One(Box<One>),
    /// The values of its columns, each by itself.
    Each(Vec<Box<One>>),
    /// Into the registers from the given one on.
    Several(Box<Several>),
}

impl Step {
    /// Sets the feature's registers.
    pub fn run(&self, row: &mut Row) -> Result<(), Rejected> {
        match &self.compute {
            Compute::One(compute) => self.set(0, compute, row),
            Compute::Each(columns) => {
                columns.iter().enumerate().try_for_each(|(column, compute)| self.set(column, compute, row))
            }
            Compute::Several(compute) => {
                compute(row, self.start).or_else(|problem| self.settle(problem, 0..self.types.len(), row))
            }
        }
    }

    fn set(&self, column: usize, compute: &One, row: &mut Row) -> Result<(), Rejected> {
        match compute(row) {
            Ok(value) => {
                row.values[self.start + column] = self.typed(column, value);
                Ok(())
            }
            Err(problem) => self.settle(problem, column..column + 1, row),
        }
    }

    /// A feature that can be NaN is a double, whatever its transform gives.
    fn typed<'a>(&self, column: usize, value: Value<'a>) -> Value<'a> {
        let is_double = self.types[column] == Type::Double;
        match value {
            Value::Int64(value) if is_double => Value::Double(value as f64),
            Value::Bool(value) if is_double => Value::Double(f64::from(u8::from(value))),
            value => value,
        }
    }

    fn settle(&self, problem: Problem, columns: Range<usize>, row: &mut Row) -> Result<(), Rejected> {
        let Problem { kind, reason } = problem;
        let is_missing = match kind {
            Kind::Missing | Kind::NaN => true,
            Kind::Invalid => self.invalid_is_missing,
            Kind::Rejected => return Err(*reason),
        };
        // Not all of its operands were read, perhaps, and what rejects the record is not mended by who uses it.
        for field in &self.plain {
            field.value(row).map_err(|problem| *problem.reason)?;
        }
        let registers = self.start + columns.start..self.start + columns.end;
        match &self.otherwise {
            Otherwise::Default(values) if is_missing => {
                for (register, value) in registers.zip(&values[columns]) {
                    row.values[register] = match value {
                        Literal::Double(value) if self.types[0] != Type::Json => Value::Double(*value),
                        Literal::Int64(value) if self.types[0] != Type::Json => Value::Int64(*value),
                        Literal::Bool(value) if self.types[0] != Type::Json => Value::Bool(*value),
                        Literal::String(value) if self.types[0] != Type::Json => Value::Text(row.make(value)),
                        json => Value::Json(row.make(&json.to_json())),
                    };
                }
            }
            Otherwise::Nan if is_missing => row.values[registers].fill(Value::Double(f64::NAN)),
            // What is made of NaN is NaN, if it has room for that.
            Otherwise::Reject
                if kind == Kind::NaN && self.types[columns].iter().all(|ty| *ty == Type::Double) =>
            {
                row.values[registers].fill(Value::Double(f64::NAN));
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
