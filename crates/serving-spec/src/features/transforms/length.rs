//! How many characters a text has: Spark's `length`.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, one};
use crate::features::operand::Operand;
use crate::features::value::{Type, Value};
/// How many characters a text has.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Length {
    /// A text.
    length: Operand,
}

impl Compile for Length {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let x = scope.text(&self.length)?;
        Ok(one(Type::Int64, move |row| {
            let text = x.text(row)?;
            // A record is too short to hold more.
            Ok(Value::Int64(i64::try_from(row.str(text).chars().count()).unwrap_or(i64::MAX)))
        }))
    }
}
