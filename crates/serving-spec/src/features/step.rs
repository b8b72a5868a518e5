//! The computation of one feature for a document, with its policy for missing and invalid values.

use std::fmt;
use std::ops::Range;

use super::computation::{Compute, ComputeOne};
use super::literal::Literal;
use super::operand::Source;
use super::problem::{Problem, ProblemKind};
use super::row::Row;
use super::value::{Type, Value};
use crate::rejected::Rejected;

/// Computes one feature.
pub(super) struct Step {
    pub feature: Box<str>,
    /// The register of the first column.
    pub start: usize,
    /// The type of each column.
    pub types: Vec<Type>,
    pub on_missing: OnMissing,
    pub invalid_is_missing: bool,
    /// The operands that are features without a step: plain fields, which reject a document that lacks them.
    pub plain: Vec<Source>,
    pub compute: Compute,
}

/// What happens when the value is missing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum OnMissing {
    /// The document is rejected.
    Reject,
    /// The value is NaN.
    Nan,
    /// The columns take these values, one each.
    Default(Vec<Literal>),
}

impl Step {
    /// Sets the registers of the feature.
    pub fn run(&self, row: &mut Row) -> Result<(), Rejected> {
        match &self.compute {
            Compute::One(compute) => self.set(0, compute, row),
            Compute::Each(columns) => {
                columns.iter().enumerate().try_for_each(|(column, compute)| self.set(column, compute, row))
            }
            Compute::All(compute) => {
                compute(row, self.start).or_else(|problem| self.settle(problem, 0..self.types.len(), row))
            }
        }
    }

    fn set(&self, column: usize, compute: &ComputeOne, row: &mut Row) -> Result<(), Rejected> {
        match compute(row) {
            Ok(value) => {
                row.values[self.start + column] = self.typed(column, value);
                Ok(())
            }
            Err(problem) => self.settle(problem, column..column + 1, row),
        }
    }

    /// Converts a value to the type of its column. A feature that can be NaN is a double, whatever its
    /// transform returns.
    fn typed<'a>(&self, column: usize, value: Value<'a>) -> Value<'a> {
        let is_double = self.types[column] == Type::Double;
        match value {
            Value::Int64(value) if is_double => Value::Double(value as f64),
            Value::Bool(value) if is_double => Value::Double(f64::from(u8::from(value))),
            value => value,
        }
    }

    /// Applies the policy to columns without a value.
    fn settle(&self, problem: Problem, columns: Range<usize>, row: &mut Row) -> Result<(), Rejected> {
        let Problem { kind, reason } = problem;
        let is_missing = match kind {
            ProblemKind::Missing | ProblemKind::NaN => true,
            ProblemKind::Invalid => self.invalid_is_missing,
            ProblemKind::Rejected => return Err(*reason),
        };
        // The transform may have stopped before it read all operands. An operand that rejects the document
        // does so whatever the policy of this feature says.
        for field in &self.plain {
            field.value(row).map_err(|problem| *problem.reason)?;
        }
        let registers = self.start + columns.start..self.start + columns.end;
        match &self.on_missing {
            OnMissing::Default(values) if is_missing => {
                let is_json = self.types[0] == Type::Json;
                for (register, value) in registers.zip(&values[columns]) {
                    row.values[register] = match value {
                        json if is_json => Value::Json(row.build(&json.to_json())),
                        Literal::Double(value) => Value::Double(*value),
                        Literal::Int64(value) => Value::Int64(*value),
                        Literal::Bool(value) => Value::Bool(*value),
                        Literal::String(value) => Value::Text(row.build(value)),
                    };
                }
            }
            OnMissing::Nan if is_missing => row.values[registers].fill(Value::Double(f64::NAN)),
            // NaN propagates to a feature that is a double.
            OnMissing::Reject
                if kind == ProblemKind::NaN && self.types[columns].iter().all(|ty| *ty == Type::Double) =>
            {
                row.values[registers].fill(Value::Double(f64::NAN));
            }
            _ => return Err(Rejected::Feature { feature: self.feature.to_string(), reason }),
        }
        Ok(())
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
