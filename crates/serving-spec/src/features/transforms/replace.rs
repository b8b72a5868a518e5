//! Texts with some part of them replaced: Spark's `replace`.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, one};
use crate::features::operand::Operand;
use crate::features::value::{Type, Value};
/// A text with every occurrence of a part replaced.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// A text.
    replace: Operand,
    /// What is looked for; not a pattern.
    search: String,
    /// What stands there instead.
    with: String,
}

impl Compile for Replace {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        ensure!(!self.search.is_empty(), "`search` is empty");
        let (x, search, with) = (scope.text(&self.replace)?, self.search.clone(), self.with.clone());
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
            Ok(Value::Text(row.made_since(start)))
        }))
    }
}
