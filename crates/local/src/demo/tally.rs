//! Accounts for every record: each ends predicted, quarantined or reported, exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::prediction::{Place, Prediction};

/// The records that were put, and their ends.
#[derive(Debug)]
pub(super) struct Tally {
    /// One word for a record, such as `ride`.
    noun: &'static str,
    /// The id of each record. The poison has none.
    put: BTreeMap<Place, Option<String>>,
    /// For each input record, the ids of its predictions, and the record ids that they repeat. Delivery is at
    /// least once, so predictions with one id count as one.
    predicted: BTreeMap<Place, BTreeMap<String, Option<String>>>,
    quarantined: BTreeSet<Place>,
    reported: BTreeSet<Place>,
}

impl Tally {
    pub(super) fn new(noun: &'static str) -> Self {
        let (put, predicted) = (BTreeMap::new(), BTreeMap::new());
        Self { noun, put, predicted, quarantined: BTreeSet::new(), reported: BTreeSet::new() }
    }

    pub(super) fn put(&mut self, place: Place, record_id: Option<String>) {
        self.put.insert(place, record_id);
    }

    pub(super) fn predicted(&mut self, prediction: &Prediction) {
        let Prediction { id, record_id, place, .. } = prediction;
        self.predicted.entry(place.clone()).or_default().insert(id.clone(), record_id.clone());
    }

    pub(super) fn quarantined(&mut self, places: impl IntoIterator<Item = Place>) {
        self.quarantined.extend(places);
    }

    pub(super) fn reported(&mut self, places: impl IntoIterator<Item = Place>) {
        self.reported.extend(places);
    }

    pub(super) fn reported_count(&self) -> usize {
        self.reported.len()
    }

    /// Returns whether each record has ended.
    pub(super) fn is_complete(&self) -> bool {
        self.put.keys().all(|place| self.ends(place) > 0)
    }

    fn ends(&self, place: &Place) -> usize {
        usize::from(self.predicted.contains_key(place))
            + usize::from(self.quarantined.contains(place))
            + usize::from(self.reported.contains(place))
    }

    /// Describes everything that is wrong.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let noun = self.noun;
        for (place, record_id) in &self.put {
            let name = record_id
                .as_ref()
                .map_or_else(|| "the record that is not JSON".to_owned(), |id| format!("{noun} {id}"));
            match self.ends(place) {
                0 => problems.push(format!("{name} has no result")),
                1 => {}
                ends => problems.push(format!("{name} ended in {ends} ways")),
            }
            match (record_id, self.predicted.get(place)) {
                (Some(_), None) if self.ends(place) > 0 => problems.push(format!("{name} was not predicted")),
                (None, Some(_)) => problems.push(format!("{name} was predicted")),
                (_, None) => {}
                (Some(_), Some(ids)) if ids.len() > 1 => {
                    problems.push(format!("{name} was predicted under {} ids", ids.len()));
                }
                (Some(id), Some(ids)) => {
                    for other in ids.values().filter(|other| other.as_ref() != Some(id)) {
                        problems.push(format!("the prediction for {name} names {noun} {other:?}"));
                    }
                }
            }
        }
        let known = [self.quarantined.iter(), self.reported.iter()]
            .into_iter()
            .flatten()
            .chain(self.predicted.keys());
        for (shard, sequence_number) in known.filter(|place| !self.put.contains_key(*place)) {
            problems.push(format!("{shard} {sequence_number} ended, but was not put"));
        }
        problems
    }

    fn predictions(&self) -> usize {
        let ids = self.predicted.iter().filter(|(place, _)| self.put.contains_key(*place));
        ids.map(|(_, ids)| ids.len()).sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (put, quarantined, reported) = (self.put.len(), self.quarantined.len(), self.reported.len());
        write!(
            f,
            "{put} in, {} predicted, {quarantined} quarantined, {reported} reported",
            self.predictions()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: u32) -> Place {
        ("s".to_owned(), number.to_string())
    }

    fn prediction(number: u32, id: &str, ride_id: i64) -> Prediction {
        Prediction {
            id: id.to_owned(),
            record_id: Some(ride_id.to_string()),
            place: place(number),
            ..Prediction::default()
        }
    }

    /// Puts ride 256 in place 1 and the poison in place 2.
    fn tally() -> Tally {
        let mut tally = Tally::new("ride");
        tally.put(place(1), Some("256".to_owned()));
        tally.put(place(2), None);
        tally
    }

    #[test]
    fn balanced_accounts_have_no_problems() {
        let mut tally = tally();
        assert!(!tally.is_complete());
        assert_eq!(tally.problems().len(), 2);
        tally.predicted(&prediction(1, "u", 256));
        tally.predicted(&prediction(1, "u", 256));
        tally.quarantined([place(2)]);
        assert!(tally.is_complete());
        assert!(tally.problems().is_empty());
        assert_eq!(tally.to_string(), "2 in, 1 predicted, 1 quarantined, 0 reported");
    }

    #[test]
    fn every_way_to_be_wrong_is_named() {
        type Wrong = fn(&mut Tally);
        let cases: [(Wrong, &str); 6] = [
            (|tally| tally.predicted(&prediction(1, "other", 256)), "ride 256 was predicted under 2 ids"),
            (|tally| tally.quarantined([place(1)]), "ride 256 ended in 2 ways"),
            (|tally| tally.reported([place(2)]), "the record that is not JSON ended in 2 ways"),
            (|tally| tally.predicted(&prediction(2, "v", 1)), "the record that is not JSON was predicted"),
            (|tally| tally.quarantined([place(3)]), "s 3 ended, but was not put"),
            (|tally| tally.predicted(&prediction(4, "w", 1)), "s 4 ended, but was not put"),
        ];
        for (wrong, expected) in cases {
            let mut tally = tally();
            tally.predicted(&prediction(1, "u", 256));
            tally.quarantined([place(2)]);
            wrong(&mut tally);
            assert!(tally.problems().contains(&expected.to_owned()), "{expected}: {:?}", tally.problems());
        }
        let mut tally = tally();
        tally.predicted(&prediction(1, "u", 257));
        tally.quarantined([place(2)]);
        assert_eq!(tally.problems(), ["the prediction for ride 256 names ride Some(\"257\")"]);
    }

    #[test]
    fn a_ride_that_is_not_predicted_is_a_problem_even_if_it_is_accounted_for() {
        let mut tally = tally();
        tally.reported([place(1)]);
        tally.quarantined([place(2)]);
        assert!(tally.is_complete());
        assert_eq!(tally.problems(), ["ride 256 was not predicted"]);
        assert_eq!(tally.to_string(), "2 in, 0 predicted, 1 quarantined, 1 reported");
    }
}
