//! The natural logarithm of 1 + x: NumPy's `log1p`.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, double};
use crate::features::operand::Operand;

/// The natural logarithm of 1 + x.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log1p {
    /// A number.
    log1p: Operand,
}

impl Compile for Log1p {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let x = scope.number(&self.log1p)?;
        Ok(double(move |row| Ok(x.number(row)?.ln_1p())))
    }
}
