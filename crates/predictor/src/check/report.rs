//! The report of a check: facts for people, and the reasons why the model would not be served.

use std::fmt;

use anyhow::Result;

use crate::plain_text::{self, Plain};

/// The width of a label, in characters.
const LABEL: usize = 13;

/// The findings of a check, in order.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<String>,
    problems: Vec<String>,
    rejects_record: bool,
}

impl Report {
    /// Whether the function would serve the model.
    #[must_use]
    pub fn would_serve(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether the function would reject the record.
    #[must_use]
    pub fn rejects_record(&self) -> bool {
        self.rejects_record
    }

    /// Notes that the function would reject the record.
    pub(super) fn reject_record(&mut self) {
        self.rejects_record = true;
    }

    /// Adds a fact.
    pub(super) fn line(&mut self, label: &str, fact: &str) {
        self.lines.push(format!("{label:LABEL$} {}", Plain::line(fact)));
    }

    /// Adds a fact that belongs to the fact before it.
    pub(super) fn detail(&mut self, label: &str, fact: &str) {
        self.line(&format!("  {label}"), fact);
    }

    /// Returns the value. An error becomes a problem, and its message is joined into one line.
    pub(super) fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                let line = plain_text::line(&format_args!("{error:#}"));
                // The same error can occur at load and again at a later step.
                if !self.problems.contains(&line) {
                    self.problems.push(line);
                }
                None
            }
        }
    }
}

impl fmt::Display for Report {
    /// Writes the facts, and in the last line whether the function would serve the model.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{}", line.trim_end())?;
        }
        if self.problems.is_empty() && self.rejects_record {
            writeln!(f, "would serve, but rejects this record")
        } else if self.problems.is_empty() {
            writeln!(f, "would serve")
        } else {
            writeln!(f, "would not serve: {}", self.problems.join("; "))
        }
    }
}
