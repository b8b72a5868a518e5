//! A value that every record has.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, one};
use crate::features::feature::Literal;
use crate::features::value::{Type, Value};
/// The same for every record.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// The value; its type is the feature's.
    constant: Literal,
}

impl Compile for Constant {
    fn compile(&self, _scope: &mut Scope) -> Result<Compiled> {
        Ok(match self.constant.clone() {
            Literal::Bool(value) => one(Type::Bool, move |_| Ok(Value::Bool(value))),
            Literal::Int64(value) => one(Type::Int64, move |_| Ok(Value::Int64(value))),
            Literal::Double(value) => one(Type::Double, move |_| Ok(Value::Double(value))),
            Literal::String(value) => one(Type::String, move |row| Ok(Value::Text(row.make(&value)))),
        })
    }
}
