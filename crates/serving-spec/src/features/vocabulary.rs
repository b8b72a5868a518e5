//! scikit-learn's `DictVectorizer`, taken out of the graph: from a feature's value to its one-hot column.
//!
//! A string value `v` of feature `f` has the column named `f=v`, with the value 1; a number has the column named `f`;
//! a value without a column counts as zero.
//! Rule: <https://scikit-learn.org/stable/modules/generated/sklearn.feature_extraction.DictVectorizer.html>

use anyhow::{Result, bail, ensure};
use hashbrown::HashMap;

use crate::columns::Sparse;

/// What stands between a feature's name and its value in the name of a column.
const SEPARATOR: &str = "=";

/// The columns of one feature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeatureColumns {
    categories: HashMap<Box<str>, i32>,
    number: Option<i32>,
}

/// The columns of each feature among those that `vocabulary` names, in their order.
///
/// # Errors
/// When a column is that of no feature or of two, or a feature has none; also when a feature is listed twice.
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
                    "its DictVectorizer's column `{name}` is that of both `{}` and `{feature}`",
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
        bail!("its DictVectorizer was fitted on `{}` too, which no feature gives", feature_of(name));
    }
    Ok(columns)
}

impl FeatureColumns {
    fn is_empty(&self) -> bool {
        self.categories.is_empty() && self.number.is_none()
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

/// The features that a vocabulary was fitted on, as far as its names tell.
#[must_use]
pub fn features_of(vocabulary: &[String]) -> Vec<&str> {
    let mut features: Vec<&str> = vocabulary.iter().map(|name| feature_of(name)).collect();
    features.sort_unstable();
    features.dedup();
    features
}

/// What stands before the first separator.
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
    fn a_category_has_a_column_of_its_own_and_a_number_that_of_its_name() {
        let columns = spread(&["distance", "zone", "zones"], &vocabulary()).unwrap();
        let [distance, zone, zones] = columns.as_slice() else { panic!("three") };
        assert_eq!([zone.category("1"), zone.category("2"), zone.category("=")], [0, 1, 2]);
        assert_eq!(zone.category("3"), Sparse::NONE);
        assert_eq!((zone.number(), zone.takes_strings()), (None, true));
        assert_eq!((distance.number(), distance.takes_strings()), (Some(3), false));
        assert_eq!(zones.category("1"), 4);
    }

    #[test]
    fn every_column_is_that_of_one_feature() {
        let error = |features: &[&str], names: &[&str]| {
            let vocabulary: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            spread(features, &vocabulary).unwrap_err().to_string()
        };
        assert!(error(&["a"], &["a", "b=1"]).contains("fitted on `b` too"));
        assert!(error(&["a", "c"], &["a"]).contains("no column for feature `c`"));
        assert!(error(&["a", "a"], &["a"]).contains("`a` is listed twice"));
        assert!(
            error(&["a", "a=b"], &["a=b=c", "a=x"]).contains("column `a=b=c` is that of both `a` and `a=b`")
        );
    }

    #[test]
    fn the_features_are_read_off_the_names() {
        assert_eq!(features_of(&vocabulary()), ["distance", "zone", "zones"]);
    }
}
