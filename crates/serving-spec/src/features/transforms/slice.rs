//! Part of a text, as pandas' `str.slice`.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, one};
use crate::features::operand::Operand;
use crate::features::scope::{Compile, Operands};
use crate::features::value::{Type, Value};

/// The characters of a text from `start` to before `stop`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// A text.
    slice: Operand,
    /// The first character, counted from 0. A negative number counts from the end.
    #[serde(default)]
    start: i64,
    /// The character after the last one. A negative number counts from the end. By default the rest of the
    /// text is taken.
    stop: Option<i64>,
}

impl Compile for Slice {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        let (x, start, stop) = (operands.text(&self.slice)?, self.start, self.stop);
        Ok(one(Type::String, move |row| {
            let text = x.text(row)?;
            let whole = row.str(text);
            let start = byte(whole, start);
            let stop = stop.map_or(whole.len(), |stop| byte(whole, stop)).max(start);
            Ok(Value::Text(text.part(start, stop)))
        }))
    }
}

/// Returns the byte where a character begins. Beyond the text it is the end, or the start if counted from the
/// end.
fn byte(text: &str, character: i64) -> usize {
    let beyond = usize::try_from(character.unsigned_abs()).unwrap_or(usize::MAX);
    let mut characters = text.char_indices();
    if character >= 0 {
        characters.nth(beyond).map_or(text.len(), |(at, _)| at)
    } else {
        characters.nth_back(beyond - 1).map_or(0, |(at, _)| at)
    }
}
