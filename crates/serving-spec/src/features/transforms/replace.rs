//! Replacement of parts of a text, as Spark's `replace`.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, one};
use crate::features::operand::Operand;
use crate::features::scope::{Compile, Operands};
use crate::features::value::{Type, Value};

/// A text with every occurrence of another text replaced.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// A text.
    replace: Operand,
    /// The text to search for. It is not a pattern, and not empty.
    search: String,
    /// The replacement.
    with: String,
}

impl Compile for Replace {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        ensure!(!self.search.is_empty(), "`search`: expected a text that is not empty");
        let (x, search, with) = (operands.text(&self.replace)?, self.search.clone(), self.with.clone());
        Ok(one(Type::String, move |row| {
            let text = x.text(row)?;
            let whole = row.str(text);
            if !whole.contains(&search) {
                return Ok(Value::Text(text));
            }
            let start = row.start();
            let mut rest = 0;
            while let Some(at) = row.str(text)[rest..].find(&search) {
                row.append(text.part(rest, rest + at));
                row.append_str(&with);
                rest += at + search.len();
            }
            let end = row.str(text).len();
            row.append(text.part(rest, end));
            Ok(Value::Text(row.built_since(start)))
        }))
    }
}
