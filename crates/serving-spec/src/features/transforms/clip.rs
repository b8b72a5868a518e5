//! Numbers limited to a range, as NumPy's `clip`.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, double};
use crate::features::operand::Operand;
use crate::features::scope::{Compile, Operands};

/// A number, limited to a range.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clip {
    /// A number.
    clip: Operand,
    /// The lower bound. Give `min`, `max` or both.
    min: Option<f64>,
    /// The upper bound. Give `min`, `max` or both.
    max: Option<f64>,
}

impl Compile for Clip {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        let (min, max) = (self.min.unwrap_or(f64::NEG_INFINITY), self.max.unwrap_or(f64::INFINITY));
        ensure!(self.min.or(self.max).is_some(), "give `min`, `max` or both");
        ensure!(min <= max, "expected `min` to be at most `max`");
        let x = operands.number(&self.clip)?;
        Ok(double(move |row| Ok(x.number(row)?.clamp(min, max))))
    }
}
