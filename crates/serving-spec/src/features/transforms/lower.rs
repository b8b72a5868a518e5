//! Lower case: Spark's `lower`.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, one};
use crate::features::operand::Operand;
use crate::features::value::{Type, Value};
/// A text in lower case.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lower {
    /// A text.
    lower: Operand,
}

impl Compile for Lower {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let x = scope.text(&self.lower)?;
        Ok(one(Type::String, move |row| {
            let text = x.text(row)?;
            let lower = row.str(text).to_lowercase();
            Ok(Value::Text(row.make(&lower)))
        }))
    }
}
