//! Categories as columns, as scikit-learn's `OneHotEncoder`.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::vocabulary::{self, Category};
use crate::features::computation::{Computation, doubles};
use crate::features::operand::Operand;
use crate::features::problem::Problem;
use crate::features::scope::{Compile, Operands};
use crate::features::value::Value;

/// One column per category: 1 in the column of the text, and 0 in the others.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneHot {
    /// A text.
    one_hot: Operand,
    /// The categories, in the order of their columns.
    vocabulary: Vec<Category>,
    /// What happens with a text that is not in the vocabulary. By default it is invalid.
    #[serde(default)]
    handle_unknown: HandleUnknown,
}

/// What happens with an unknown category.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HandleUnknown {
    /// The value is invalid.
    #[default]
    Error,
    /// All columns are 0.
    Ignore,
}

impl Compile for OneHot {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        let places = vocabulary::places(&self.vocabulary)?;
        let names: Vec<String> = self.vocabulary.iter().map(ToString::to_string).collect();
        let (x, width, handle_unknown) = (operands.text(&self.one_hot)?, names.len(), self.handle_unknown);
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
