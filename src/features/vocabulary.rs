//! scikit-learn's `DictVectorizer`, taken out of the graph: from a feature's value to its one-hot column.
//!
//! A string value `v` of feature `f` has the column named `f=v`, with the value 1; a number has the column named `f`;
//! a value without a column counts as zero.
//! Rule: <https://scikit-learn.org/stable/modules/generated/sklearn.feature_extraction.DictVectorizer.html>

use hashbrown::HashMap;

use crate::columns::Sparse;

/// What stands between a feature's name and its value in the name of a column.
const SEPARATOR: char = '=';

/// The columns of one feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureColumns {
    categories: HashMap<Box<str>, i32>,
    number: Option<i32>,
}

impl FeatureColumns {
    /// The columns of `feature` among those that `vocabulary` names, in their order.
    #[must_use]
    pub fn of(feature: &str, vocabulary: &[String]) -> Self {
        let category = |name: &str| Some(Box::from(name.strip_prefix(feature)?.strip_prefix(SEPARATOR)?));
        let numbered = || (0_i32..).zip(vocabulary);
        Self {
            categories: numbered().filter_map(|(column, name)| Some((category(name)?, column))).collect(),
            number: numbered().find(|(_, name)| *name == feature).map(|(column, _)| column),
        }
    }

    /// How many columns it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.categories.len() + usize::from(self.number.is_some())
    }

    /// Whether the model knows no such feature.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it has columns for categories.
    #[must_use]
    pub fn takes_strings(&self) -> bool {
        !self.categories.is_empty()
    }

    /// The column of a number, if it has one.
    #[must_use]
    pub fn number(&self) -> Option<i32> {
        self.number
    }

    /// The column of a category; [`Sparse::NONE`] for one that training never saw.
    #[must_use]
    pub fn category(&self, value: &str) -> i32 {
        self.categories.get(value).copied().unwrap_or(Sparse::NONE)
    }
}

/// The features that a vocabulary was fitted on, as far as its names tell: what stands before the first separator.
#[must_use]
pub fn features_of(vocabulary: &[String]) -> Vec<&str> {
    let mut features: Vec<&str> = vocabulary
        .iter()
        .map(|name| name.split_once(SEPARATOR).map_or(name.as_str(), |(feature, _)| feature))
        .collect();
    features.sort_unstable();
    features.dedup();
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vec<String> {
        ["zone=1", "zone=2", "zone==", "distance", "zones=1"].map(String::from).to_vec()
    }

    #[test]
    fn a_category_has_a_column_of_its_own() {
        let zone = FeatureColumns::of("zone", &vocabulary());
        assert_eq!([zone.category("1"), zone.category("2"), zone.category("=")], [0, 1, 2]);
        assert_eq!(zone.category("3"), Sparse::NONE);
        assert_eq!((zone.len(), zone.number(), zone.takes_strings()), (3, None, true));
    }

    #[test]
    fn a_number_has_the_column_of_its_name() {
        let distance = FeatureColumns::of("distance", &vocabulary());
        assert_eq!((distance.number(), distance.takes_strings()), (Some(3), false));
        assert!(FeatureColumns::of("zon", &vocabulary()).is_empty());
    }

    #[test]
    fn the_features_are_read_off_the_names() {
        assert_eq!(features_of(&vocabulary()), ["distance", "zone", "zones"]);
    }
}
