//! Where in a cycle a number is: two numbers that are near each other whenever the places are.

use std::f64::consts::TAU;

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, double};
use crate::features::operand::Operand;

/// The sine of a place in a cycle.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sine {
    /// A number.
    sine: Operand,
    /// How much the number grows in one turn.
    period: f64,
}

/// The cosine of a place in a cycle.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cosine {
    /// A number.
    cosine: Operand,
    /// How much the number grows in one turn.
    period: f64,
}

impl Compile for Sine {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        compile(&self.sine, self.period, f64::sin, scope)
    }
}

impl Compile for Cosine {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        compile(&self.cosine, self.period, f64::cos, scope)
    }
}

fn compile(x: &Operand, period: f64, wave: fn(f64) -> f64, scope: &mut Scope) -> Result<Compiled> {
    ensure!(period.is_finite() && period > 0.0, "`period` is above zero");
    let x = scope.number(x)?;
    Ok(double(move |row| Ok(wave(TAU * x.number(row)? / period))))
}
