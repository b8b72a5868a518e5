//! scikit-learn's `DictVectorizer`, outside the graph: from the value of a feature to its one-hot column.
//!
//! A string `v` of feature `f` sets the column `f=v` to 1. A number sets the column `f` to itself. A value
//! without a column counts as zero. Rule:
//! <https://scikit-learn.org/stable/modules/generated/sklearn.feature_extraction.DictVectorizer.html>

use anyhow::{Result, bail, ensure};
use hashbrown::HashMap;

use crate::columns::Sparse;

/// Separates the name of a feature from its value in the name of a column.
const SEPARATOR: &str = "=";

/// The columns of one feature in a vocabulary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeatureColumns {
    categories: HashMap<Box<str>, i32>,
    number: Option<i32>,
}

/// Assigns the columns of a `vocabulary` to features. Columns are numbered in the order of the vocabulary.
///
/// # Errors
/// When a feature is listed twice or has no columns, or when a column belongs to no feature or to two.
pub fn spread(features: &[&str], vocabulary: &[String]) -> Result<Vec<FeatureColumns>> {
    let mut columns = vec![FeatureColumns::default(); features.len()];
    let mut places = HashMap::with_capacity(features.len());
    for (place, feature) in features.iter().enumerate() {
        ensure!(places.insert(*feature, place).is_none(), "feature `{feature}` is listed twice");
    }
    let mut unclaimed = None;
    for (column, name) in (0_i32..).zip(vocabulary) {
        let mut owner = None;
        let mut claim = |feature: &'_ str| -> Result<Option<usize>> {
            let Some(place) = places.get(feature) else { return Ok(None) };
            if let Some(other) = owner.replace(*place) {
                bail!(
                    "the column `{name}` of its DictVectorizer belongs to both `{}` and `{feature}`",
                    features[other]
                );
            }
            Ok(Some(*place))
        };
        if let Some(place) = claim(name)? {
            columns[place].number = Some(column);
        }
        for (at, separator) in name.match_indices(SEPARATOR) {
            if let Some(place) = claim(&name[..at])? {
                columns[place].categories.insert(name[at + separator.len()..].into(), column);
            }
        }
        if owner.is_none() {
            unclaimed = unclaimed.or(Some(name));
        }
    }
    if let Some((feature, _)) = features.iter().zip(&columns).find(|(_, columns)| columns.is_empty()) {
        bail!("its DictVectorizer has no column for feature `{feature}`");
    }
    if let Some(name) = unclaimed {
        bail!("its DictVectorizer was fitted on `{}` too: add a feature of this name", feature_of(name));
    }
    Ok(columns)
}

impl FeatureColumns {
    fn is_empty(&self) -> bool {
        self.categories.is_empty() && self.number.is_none()
    }

    /// Whether the feature has columns for strings.
    #[must_use]
    pub fn takes_strings(&self) -> bool {
        !self.categories.is_empty()
    }

    /// Returns the column of a number, if the feature has one.
    #[must_use]
    pub fn number(&self) -> Option<i32> {
        self.number
    }

    /// Returns the column of a string, or [`Sparse::NONE`] for one that was not in the training data.
    #[must_use]
    pub fn category(&self, value: &str) -> i32 {
        self.categories.get(value).copied().unwrap_or(Sparse::NONE)
    }
}

/// Returns the features that a vocabulary was fitted on, as far as the names of its columns tell.
#[must_use]
pub fn features_of(vocabulary: &[String]) -> Vec<&str> {
    let mut features: Vec<&str> = vocabulary.iter().map(|name| feature_of(name)).collect();
    features.sort_unstable();
    features.dedup();
    features
}

/// Returns the part before the first separator.
fn feature_of(column: &str) -> &str {
    column.split_once(SEPARATOR).map_or(column, |(feature, _)| feature)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vec<String> {
        ["zone=1", "zone=2", "zone==", "distance", "zones=1"].map(String::from).to_vec()
    }

    #[test]
    fn each_category_has_a_column_and_a_number_has_one() {
        let columns = spread(&["distance", "zone", "zones"], &vocabulary()).unwrap();
        let [distance, zone, zones] = columns.as_slice() else { panic!("three") };
        assert_eq!([zone.category("1"), zone.category("2"), zone.category("=")], [0, 1, 2]);
        assert_eq!(zone.category("3"), Sparse::NONE);
        assert_eq!((zone.number(), zone.takes_strings()), (None, true));
        assert_eq!((distance.number(), distance.takes_strings()), (Some(3), false));
        assert_eq!(zones.category("1"), 4);
    }

    #[test]
    fn every_column_belongs_to_one_feature() {
        let error = |features: &[&str], names: &[&str]| {
            let vocabulary: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            spread(features, &vocabulary).unwrap_err().to_string()
        };
        assert!(error(&["a"], &["a", "b=1"]).contains("fitted on `b` too"));
        assert!(error(&["a", "c"], &["a"]).contains("no column for feature `c`"));
        assert!(error(&["a", "a"], &["a"]).contains("`a` is listed twice"));
        assert!(
            error(&["a", "a=b"], &["a=b=c", "a=x"])
                .contains("column `a=b=c` of its DictVectorizer belongs to both `a` and `a=b`")
        );
    }

    #[test]
    fn features_are_derived_from_the_names_of_columns() {
        assert_eq!(features_of(&vocabulary()), ["distance", "zone", "zones"]);
    }
}
