//! Joined texts, as Spark's `concat_ws`.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, one};
use crate::features::operand::Operand;
use crate::features::scope::{Compile, Operands};
use crate::features::value::{Type, Value};

/// Texts, joined with a separator.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Concat {
    /// The texts to join, from left to right.
    concat: Vec<Operand>,
    /// The text between two of them. By default it is empty.
    #[serde(default)]
    separator: String,
}

impl Compile for Concat {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        let (texts, separator) = (operands.texts(&self.concat)?, self.separator.clone());
        Ok(one(Type::String, move |row| {
            // Reading an operand can build a text. So all operands are read before the joined text is
            // started.
            let texts = texts.iter().map(|text| text.text(row)).collect::<Result<Vec<_>, _>>()?;
            let start = row.start();
            for (index, text) in texts.into_iter().enumerate() {
                if index > 0 {
                    row.append_str(&separator);
                }
                row.append(text);
            }
            Ok(Value::Text(row.built_since(start)))
        }))
    }
}
