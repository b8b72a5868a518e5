//! Positions in a cycle, as a sine and a cosine. Near positions have near values, also across the end of a
//! cycle.

use std::f64::consts::TAU;

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, double};
use crate::features::operand::Operand;
use crate::features::scope::{Compile, Operands};

/// The sine of a position in a cycle: sin(2π · x / period).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sine {
    /// A number.
    sine: Operand,
    /// The length of one cycle, above zero.
    period: f64,
}

/// The cosine of a position in a cycle: cos(2π · x / period).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cosine {
    /// A number.
    cosine: Operand,
    /// The length of one cycle, above zero.
    period: f64,
}

impl Compile for Sine {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        compile(&self.sine, self.period, f64::sin, operands)
    }
}

impl Compile for Cosine {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        compile(&self.cosine, self.period, f64::cos, operands)
    }
}

fn compile(
    x: &Operand,
    period: f64,
    wave: fn(f64) -> f64,
    operands: &mut dyn Operands,
) -> Result<Computation> {
    ensure!(period.is_finite() && period > 0.0, "`period`: expected a number above zero, found {period}");
    let x = operands.number(x)?;
    Ok(double(move |row| Ok(wave(TAU * x.number(row)? / period))))
}
