//! Numbers by the bucket they fall in: Spark's `Bucketizer`, with splits at both infinities.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, one};
use crate::features::operand::Operand;
use crate::features::value::{Type, Value};
/// The bucket that a number falls in, from 0.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucketize {
    /// A number.
    bucketize: Operand,
    /// Where the next bucket begins, ascending: what equals a split is in the bucket above it.
    splits: Vec<f64>,
}

impl Compile for Bucketize {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        ensure!(!self.splits.is_empty(), "`splits` is empty");
        ensure!(self.splits.is_sorted_by(|a, b| a < b), "`splits` do not ascend");
        ensure!(
            self.splits.iter().all(|split| split.is_finite()),
            "the buckets at both ends are open anyway"
        );
        let (x, splits) = (scope.number(&self.bucketize)?, self.splits.clone());
        Ok(one(Type::Int64, move |row| {
            let x = x.number(row)?;
            let bucket = splits.partition_point(|split| *split <= x);
            Ok(Value::Int64(i64::try_from(bucket).unwrap_or(i64::MAX)))
        }))
    }
}
