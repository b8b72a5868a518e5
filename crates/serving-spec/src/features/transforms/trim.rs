//! Texts without white space at their ends.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, one};
use crate::features::operand::Operand;
use crate::features::value::{Type, Value};
/// A text without white space of ASCII at its ends.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trim {
    /// A text.
    trim: Operand,
}

/// That of ASCII, as HTML and Rust have it: tab, line feed, form feed, carriage return and space.
pub(super) const WHITE_SPACE: [char; 5] = ['\t', '\n', '\x0c', '\r', ' '];

impl Compile for Trim {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let x = scope.text(&self.trim)?;
        Ok(one(Type::String, move |row| {
            let text = x.text(row)?;
            let whole = row.str(text);
            let begun = whole.trim_start_matches(WHITE_SPACE);
            let start = whole.len() - begun.len();
            let end = start + begun.trim_end_matches(WHITE_SPACE).len();
            Ok(Value::Text(text.part(start, end)))
        }))
    }
}
