//! The lines that a function writes, and what its log contract says in them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;

/// How many of the last lines are kept to explain a failure.
const LAST_LINES: usize = 20;

/// Receives every line of a function's standard output and standard error, without the line break.
pub type OnLine = Arc<dyn Fn(&str) + Send + Sync>;

/// The last lines of one process.
#[derive(Debug, Default)]
pub(crate) struct LastLines(Mutex<VecDeque<String>>);

impl LastLines {
    pub(crate) fn push(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LAST_LINES {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    pub(crate) fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            "(it wrote nothing)".to_owned()
        } else {
            lines.iter().cloned().collect::<Vec<_>>().join("\n")
        }
    }
}

/// What the function's log says about its records, gathered over all its processes.
///
/// The lines are those of tracing-subscriber's JSON format: the message and the values are under `fields`.
#[derive(Debug, Default)]
pub struct LogBook(Mutex<LogCounts>);

/// A snapshot of a [`LogBook`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogCounts {
    /// How often a process said `ready`.
    pub ready: u64,
    /// How many invocations said `batch done`.
    pub batches: u64,
    /// Sum of `published` over those invocations; counts a re-delivered record each time.
    pub published: u64,
    /// Sum of `reported` over those invocations.
    pub reported: u64,
    /// The reason for every record that was quarantined, by (shard, sequence number), so each counts once.
    pub quarantined: BTreeMap<(String, String), String>,
}

#[derive(Deserialize)]
struct LogLine {
    fields: Fields,
}

#[derive(Deserialize)]
struct Fields {
    message: String,
    #[serde(default)]
    shard: String,
    #[serde(default)]
    sequence_number: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    published: u64,
    #[serde(default)]
    reported: u64,
}

impl LogBook {
    /// An empty book.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Takes one line; a line that is not of the contract is passed over.
    pub fn read(&self, line: &str) {
        let Ok(LogLine { fields }) = serde_json::from_str(line) else {
            return;
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match fields.message.as_str() {
            "ready" => counts.ready += 1,
            "batch done" => {
                counts.batches += 1;
                counts.published += fields.published;
                counts.reported += fields.reported;
            }
            "record quarantined" => {
                counts.quarantined.insert((fields.shard, fields.sequence_number), fields.reason);
            }
            _ => {}
        }
    }

    /// What was read so far.
    #[must_use]
    pub fn counts(&self) -> LogCounts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_counts_what_the_contract_names() {
        let book = LogBook::default();
        for line in [
            r#"{"level":"INFO","fields":{"message":"ready","model":"m"}}"#,
            r#"{"level":"WARN","fields":{"message":"record quarantined","shard":"s","sequence_number":"7","reason":"x"}}"#,
            r#"{"level":"WARN","fields":{"message":"record quarantined","shard":"s","sequence_number":"7","reason":"x"}}"#,
            r#"{"fields":{"message":"batch done","records":3,"published":2,"quarantined":1,"reported":0}}"#,
            "not JSON",
            r#"{"fields":{"message":"something else"}}"#,
        ] {
            book.read(line);
        }
        let counts = book.counts();
        assert_eq!((counts.ready, counts.batches, counts.published, counts.reported), (1, 1, 2, 0));
        assert_eq!(counts.quarantined, BTreeMap::from([(("s".to_owned(), "7".to_owned()), "x".to_owned())]));
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let lines = LastLines::default();
        assert_eq!(lines.text(), "(it wrote nothing)");
        for number in 0..=LAST_LINES {
            lines.push(&number.to_string());
        }
        assert!(lines.text().starts_with("1\n2\n"));
    }
}
