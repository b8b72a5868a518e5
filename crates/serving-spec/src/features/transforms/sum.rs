//! A sum.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, double};
use crate::features::operand::Operand;

/// A sum.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// Numbers, from left to right.
    sum: Vec<Operand>,
}

impl Compile for Sum {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let operands = scope.numbers(&self.sum)?;
        Ok(double(move |row| operands.iter().try_fold(0.0, |sum, x| Ok(sum + x.number(row)?))))
    }
}
