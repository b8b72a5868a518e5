//! Categories as columns: scikit-learn's `OneHotEncoder`.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use super::vocabulary::{self, Category};
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, doubles};
use crate::features::operand::Operand;
use crate::features::value::{Problem, Value};

/// A column for each category: 1 in that of the text, 0 in the others.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneHot {
    /// A text.
    one_hot: Operand,
    /// The categories, in the order of their columns.
    vocabulary: Vec<Category>,
    /// What becomes of a category that is not among them.
    #[serde(default)]
    handle_unknown: HandleUnknown,
}

/// What becomes of an unknown category.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HandleUnknown {
    /// It is invalid.
    #[default]
    Error,
    /// All columns are 0.
    Ignore,
}

impl Compile for OneHot {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let places = vocabulary::places(&self.vocabulary)?;
        let names: Vec<String> = self.vocabulary.iter().map(ToString::to_string).collect();
        let (x, width, handle_unknown) = (scope.text(&self.one_hot)?, names.len(), self.handle_unknown);
        doubles(names, move |row, start| {
            let text = x.text(row)?;
            let place = places.get(row.str(text)).copied();
            if place.is_none() && handle_unknown == HandleUnknown::Error {
                return Err(Problem::invalid(&x.name, vocabulary::EXPECTED, vocabulary::FOUND));
            }
            row.values[start..start + width].fill(Value::Double(0.0));
            if let Some(place) = place {
                row.values[start + place as usize] = Value::Double(1.0);
            }
            Ok(())
        })
    }
}
