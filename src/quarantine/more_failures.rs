//! The rejected documents of a record that are not listed one by one, because there are too many.

use std::borrow::Cow;

use anyhow::{Context, Result, ensure};
use indexmap::IndexMap;
use predictor::decode::MAX_DOCUMENTS;
use serde::{Deserialize, Serialize};

use super::{FURTHER_REASON, RejectedDocument};

/// Reasons that are counted apart.
const MAX_REASONS: usize = 20;

/// Rejected documents, in short.
#[derive(Debug, Serialize, Deserialize)]
pub struct MoreFailures<'a> {
    /// How many there are.
    pub documents: usize,
    /// Why they were rejected, the most frequent reason first.
    #[serde(borrow)]
    pub reasons: Vec<ReasonCount<'a>>,
    /// Their places in the payload: `2000-4711,4713`.
    #[serde(borrow)]
    pub sub_sequence_numbers: Cow<'a, str>,
}

/// How many documents were rejected for a reason.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReasonCount<'a> {
    /// The reason.
    #[serde(borrow)]
    pub reason: Cow<'a, str>,
    /// The number of documents.
    pub documents: usize,
}

impl<'a> MoreFailures<'a> {
    /// Shortens documents, in the order of their places. `None` if there are none.
    #[must_use]
    pub fn of(documents: &'a [RejectedDocument]) -> Option<Self> {
        if documents.is_empty() {
            return None;
        }
        let mut counts: IndexMap<&str, usize> = IndexMap::new();
        for document in documents {
            *counts.entry(&document.reason).or_default() += 1;
        }
        counts.sort_by(|_, a, _, b| b.cmp(a));
        let further: usize = counts.values().skip(MAX_REASONS).sum();
        let further = (further > 0).then_some((FURTHER_REASON, further));
        let reasons = counts.into_iter().take(MAX_REASONS).chain(further);
        Some(Self {
            documents: documents.len(),
            reasons: reasons
                .map(|(reason, documents)| ReasonCount { reason: reason.into(), documents })
                .collect(),
            sub_sequence_numbers: ranges(documents.iter().map(|document| document.place)).into(),
        })
    }

    /// The places of the documents.
    ///
    /// # Errors
    /// When the text is not one that [`MoreFailures::of`] writes.
    pub fn places(&self) -> Result<Vec<u32>> {
        let mut places = Vec::new();
        for range in self.sub_sequence_numbers.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let place =
                |text: &str| text.parse::<u32>().ok().filter(|place| (*place as usize) < MAX_DOCUMENTS);
            let range = place(first).zip(place(last)).context("`sub_sequence_numbers`: expected places")?;
            places.extend(range.0..=range.1);
            ensure!(
                places.len() <= MAX_DOCUMENTS,
                "`sub_sequence_numbers`: expected at most {MAX_DOCUMENTS} places"
            );
        }
        Ok(places)
    }
}

/// Ascending numbers as ranges.
fn ranges(numbers: impl Iterator<Item = u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let text = |(first, last): (u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ranges.into_iter().map(text).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn rejected(places: &[u32]) -> Vec<RejectedDocument> {
        let reason = |place: u32| if place.is_multiple_of(2) { "even" } else { "odd" };
        let document = |&place| RejectedDocument { id: Uuid::nil(), place, reason: reason(place).into() };
        places.iter().map(document).collect()
    }

    #[test]
    fn places_are_written_as_ranges_and_read_back() {
        for (places, text) in
            [(&[7][..], "7"), (&[0, 1, 2], "0-2"), (&[1, 3, 4, 99_999], "1,3-4,99999"), (&[5, 4], "5,4")]
        {
            let documents = rejected(places);
            let more = MoreFailures::of(&documents).unwrap();
            assert_eq!((&*more.sub_sequence_numbers, more.places().unwrap()), (text, places.to_vec()));
        }
        assert!(MoreFailures::of(&[]).is_none());
    }

    #[test]
    fn reasons_are_counted_the_most_frequent_first() {
        let documents = rejected(&[1, 2, 4]);
        let counts = MoreFailures::of(&documents).unwrap().reasons;
        let counts: Vec<_> = counts.iter().map(|count| (&*count.reason, count.documents)).collect();
        assert_eq!(counts, [("even", 2), ("odd", 1)]);
        let many: Vec<_> = (0..30)
            .map(|n| RejectedDocument { reason: n.to_string().into(), ..documents[0].clone() })
            .collect();
        let counts = MoreFailures::of(&many).unwrap().reasons;
        assert_eq!(
            (counts.len(), &*counts[MAX_REASONS].reason, counts[MAX_REASONS].documents),
            (21, FURTHER_REASON, 10)
        );
    }

    #[test]
    fn hostile_places_are_refused() {
        for text in ["", "x", "1-", "0-100000", "0-4294967295", "0-99999,0-99999"] {
            let more = MoreFailures { documents: 1, reasons: Vec::new(), sub_sequence_numbers: text.into() };
            assert!(more.places().is_err(), "{text}");
        }
    }
}
