//! Reads the lines that a function writes, and the records named in its log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;

/// Number of last lines to keep, to explain a failure.
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

/// Counts what the function's log says about its records, over all its processes.
///
/// The lines have tracing-subscriber's JSON format, with the message and the values under `fields`.
#[derive(Debug, Default)]
pub struct LogBook(Mutex<LogCounts>);

/// A snapshot of a [`LogBook`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogCounts {
    /// Number of `ready` lines, one for each process.
    pub ready: u64,
    /// Number of `batch done` lines, one for each invocation.
    pub batches: u64,
    /// Sum of `published` over those invocations. A redelivered record counts each time.
    pub published: u64,
    /// Sum of `reported` over those invocations.
    pub reported: u64,
    /// The reason for each quarantined record, by shard and sequence number, so that each record counts once.
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
    /// Creates an empty book.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Reads one line. Skips a line that it does not know.
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

    /// Returns the counts so far.
    #[must_use]
    pub fn counts(&self) -> LogCounts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_counts_the_lines_that_it_knows() {
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
