//! What is left of one number after another is taken away.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, double};
use crate::features::operand::Operand;

/// The first number less the second.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Two numbers.
    difference: [Operand; 2],
}

impl Compile for Difference {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let [x, y] = &self.difference;
        let (x, y) = (scope.number(x)?, scope.number(y)?);
        Ok(double(move |row| Ok(x.number(row)? - y.number(row)?)))
    }
}
