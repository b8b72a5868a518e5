//! A value that is the same for every record.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, one};
use crate::features::literal::Literal;
use crate::features::scope::{Compile, Operands};
use crate::features::value::{Type, Value};

/// A value that is the same for every record.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// The value. It also decides the type: `2` is an `int64`, `2.0` is a `double`.
    constant: Literal,
}

impl Compile for Constant {
    fn compile(&self, _: &mut dyn Operands) -> Result<Computation> {
        Ok(match self.constant.clone() {
            Literal::Bool(value) => one(Type::Bool, move |_| Ok(Value::Bool(value))),
            Literal::Int64(value) => one(Type::Int64, move |_| Ok(Value::Int64(value))),
            Literal::Double(value) => one(Type::Double, move |_| Ok(Value::Double(value))),
            Literal::String(value) => one(Type::String, move |row| Ok(Value::Text(row.build(&value)))),
        })
    }
}
