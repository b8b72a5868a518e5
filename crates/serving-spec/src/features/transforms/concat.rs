//! Joined texts: Spark's `concat_ws`.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, one};
use crate::features::operand::Operand;
use crate::features::value::{Type, Value};
/// Joined texts.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Concat {
    /// Texts, from left to right.
    concat: Vec<Operand>,
    /// What stands between them.
    #[serde(default)]
    separator: String,
}

impl Compile for Concat {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let (texts, separator) = (scope.texts(&self.concat)?, self.separator.clone());
        Ok(one(Type::String, move |row| {
            // Reading a text may make one, so that all are read before they are joined in one go.
            let texts = texts.iter().map(|text| text.text(row)).collect::<Result<Vec<_>, _>>()?;
            let start = row.start();
            for (index, text) in texts.into_iter().enumerate() {
                if index > 0 {
                    row.append_str(&separator);
                }
                row.append(text);
            }
            Ok(Value::Text(row.made_since(start)))
        }))
    }
}
