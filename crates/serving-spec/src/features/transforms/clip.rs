//! Numbers brought between bounds: NumPy's `clip`.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, double};
use crate::features::operand::Operand;

/// A number brought between bounds.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clip {
    /// A number.
    clip: Operand,
    /// The least it becomes.
    min: Option<f64>,
    /// The most it becomes.
    max: Option<f64>,
}

impl Compile for Clip {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let (min, max) = (self.min.unwrap_or(f64::NEG_INFINITY), self.max.unwrap_or(f64::INFINITY));
        ensure!(self.min.or(self.max).is_some(), "give `min`, `max` or both");
        ensure!(min <= max, "`min` is above `max`");
        let x = scope.number(&self.clip)?;
        Ok(double(move |row| Ok(x.number(row)?.clamp(min, max))))
    }
}
