//! One number by another; by zero it is invalid.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, double};
use crate::features::operand::Operand;

/// The first number by the second.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// Two numbers.
    ratio: [Operand; 2],
}

impl Compile for Ratio {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let [x, y] = &self.ratio;
        let (x, y) = (scope.number(x)?, scope.number(y)?);
        Ok(double(move |row| Ok(x.number(row)? / y.number(row)?)))
    }
}
