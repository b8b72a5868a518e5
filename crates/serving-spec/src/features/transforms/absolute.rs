//! The absolute value: NumPy's `absolute`.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, double};
use crate::features::operand::Operand;

/// The absolute value.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Absolute {
    /// A number.
    absolute: Operand,
}

impl Compile for Absolute {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let x = scope.number(&self.absolute)?;
        Ok(double(move |row| Ok(x.number(row)?.abs())))
    }
}
