//! Categories as numbers, as scikit-learn's `OrdinalEncoder`.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::vocabulary::{self, Category};
use crate::features::computation::{Computation, one};
use crate::features::operand::Operand;
use crate::features::problem::Problem;
use crate::features::scope::{Compile, Operands};
use crate::features::value::{Type, Value};

/// The place of a text in a vocabulary, counted from 0.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ordinal {
    /// A text.
    ordinal: Operand,
    /// The categories, in the order of their numbers.
    vocabulary: Vec<Category>,
    /// The number for a text that is not in the vocabulary. Without it, such a text is invalid.
    unknown_value: Option<i64>,
}

impl Compile for Ordinal {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        let places = vocabulary::places(&self.vocabulary)?;
        let is_place = |value: i64| usize::try_from(value).is_ok_and(|value| value < self.vocabulary.len());
        ensure!(
            !self.unknown_value.is_some_and(is_place),
            "`unknown_value`: expected a number that is not the place of a category"
        );
        let (x, unknown) = (operands.text(&self.ordinal)?, self.unknown_value);
        Ok(one(Type::Int64, move |row| {
            let text = x.text(row)?;
            let place = places.get(row.str(text)).map(|place| i64::from(*place)).or(unknown);
            let place =
                place.ok_or_else(|| Problem::invalid(&x.name, vocabulary::EXPECTED, vocabulary::FOUND))?;
            Ok(Value::Int64(place))
        }))
    }
}
