//! A product.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, double};
use crate::features::operand::Operand;

/// A product.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Numbers, from left to right.
    product: Vec<Operand>,
}

impl Compile for Product {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let operands = scope.numbers(&self.product)?;
        Ok(double(move |row| operands.iter().try_fold(1.0, |product, x| Ok(product * x.number(row)?))))
    }
}
