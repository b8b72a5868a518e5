//! True or false, as a record has it.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, one};
use crate::features::operand::Operand;
use crate::features::value::{Type, Value};
/// True or false, as the record has it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Boolean {
    /// A boolean.
    boolean: Operand,
}

impl Compile for Boolean {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let x = scope.boolean(&self.boolean)?;
        Ok(one(Type::Bool, move |row| Ok(Value::Bool(x.boolean(row)?))))
    }
}
