//! Part of a text: pandas' `str.slice`.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, one};
use crate::features::operand::Operand;
use crate::features::value::{Type, Value};
/// The characters of a text from one place to before another.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// A text.
    slice: Operand,
    /// The first character; a negative number counts from the end.
    #[serde(default)]
    start: i64,
    /// The first character that is left out; without it none is.
    stop: Option<i64>,
}

impl Compile for Slice {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let (x, start, stop) = (scope.text(&self.slice)?, self.start, self.stop);
        Ok(one(Type::String, move |row| {
            let text = x.text(row)?;
            let whole = row.str(text);
            let start = byte(whole, start);
            let stop = stop.map_or(whole.len(), |stop| byte(whole, stop)).max(start);
            Ok(Value::Text(text.part(start, stop)))
        }))
    }
}

/// The byte where a character begins; the end if there are fewer, the start if there are fewer from the end.
fn byte(text: &str, character: i64) -> usize {
    let beyond = usize::try_from(character.unsigned_abs()).unwrap_or(usize::MAX);
    let mut characters = text.char_indices();
    if character >= 0 {
        characters.nth(beyond).map_or(text.len(), |(at, _)| at)
    } else {
        characters.nth_back(beyond - 1).map_or(0, |(at, _)| at)
    }
}
