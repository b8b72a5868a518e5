//! Buckets of numbers, as Spark's `Bucketizer` with splits at both infinities.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, one};
use crate::features::operand::Operand;
use crate::features::scope::{Compile, Operands};
use crate::features::value::{Type, Value};

/// The bucket that contains a number, counted from 0.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucketize {
    /// A number.
    bucketize: Operand,
    /// The lower bounds of the buckets after the first, in ascending order. A number that equals a split is
    /// in the bucket above it.
    splits: Vec<f64>,
}

impl Compile for Bucketize {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        ensure!(!self.splits.is_empty(), "`splits`: expected at least one number");
        ensure!(self.splits.is_sorted_by(|a, b| a < b), "`splits`: expected numbers in ascending order");
        ensure!(
            self.splits.iter().all(|split| split.is_finite()),
            "`splits`: expected finite numbers; the first and the last bucket are open anyway"
        );
        let (x, splits) = (operands.number(&self.bucketize)?, self.splits.clone());
        Ok(one(Type::Int64, move |row| {
            let x = x.number(row)?;
            let bucket = splits.partition_point(|split| *split <= x);
            Ok(Value::Int64(i64::try_from(bucket).unwrap_or(i64::MAX)))
        }))
    }
}
