//! Sums, products, differences and ratios.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, double};
use crate::features::operand::Operand;
use crate::features::scope::{Compile, Operands};

/// The sum of numbers.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// Numbers, added from left to right.
    sum: Vec<Operand>,
}

/// The product of numbers.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Numbers, multiplied from left to right.
    product: Vec<Operand>,
}

/// The first number minus the second.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Two numbers.
    difference: [Operand; 2],
}

/// The first number divided by the second. A division by zero is invalid.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// Two numbers.
    ratio: [Operand; 2],
}

impl Compile for Sum {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        let numbers = operands.numbers(&self.sum)?;
        Ok(double(move |row| numbers.iter().try_fold(0.0, |sum, x| Ok(sum + x.number(row)?))))
    }
}

impl Compile for Product {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        let numbers = operands.numbers(&self.product)?;
        Ok(double(move |row| numbers.iter().try_fold(1.0, |product, x| Ok(product * x.number(row)?))))
    }
}

impl Compile for Difference {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        let [x, y] = &self.difference;
        let (x, y) = (operands.number(x)?, operands.number(y)?);
        Ok(double(move |row| Ok(x.number(row)? - y.number(row)?)))
    }
}

impl Compile for Ratio {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        let [x, y] = &self.ratio;
        let (x, y) = (operands.number(x)?, operands.number(y)?);
        Ok(double(move |row| Ok(x.number(row)? / y.number(row)?)))
    }
}
