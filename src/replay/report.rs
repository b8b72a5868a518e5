//! What a replay has done, or what it would do.

use std::collections::BTreeMap;
use std::fmt;

use predictor::plain_text::Plain;

use crate::quarantine::FURTHER_REASON;

/// Reasons that are counted apart.
const MAX_REASONS: usize = 1_000;

/// Reasons that are printed.
const SHOWN_REASONS: usize = 20;

/// The counts of a replay. Each record is published, rejected or undelivered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// False in a dry run.
    publishes: bool,
    /// Objects below the prefix.
    pub objects: usize,
    /// Objects that were read, or that could not be read.
    pub objects_read: usize,
    /// Objects that hold anything but records, are too large, or could not be read.
    pub unreadable: usize,
    /// Records that were read.
    pub records: usize,
    /// Records with a document that was rejected again.
    pub rejected: usize,
    /// Records that could not be delivered.
    pub undelivered: usize,
    /// Results that the stream accepted, or would accept, each counted once.
    pub published_documents: usize,
    /// Rejected documents, by reason.
    pub reasons: BTreeMap<String, usize>,
    /// Where the replay ended early, and why.
    pub stopped: Option<String>,
}

impl Report {
    pub(super) fn new(publishes: bool, objects: usize) -> Self {
        Self { publishes, objects, ..Self::default() }
    }

    /// Whether every object was read and every record was settled.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stopped.is_none() && self.undelivered == 0 && self.unreadable == 0
    }

    pub(super) fn reject(&mut self, reason: &str, documents: usize) {
        let known = self.reasons.len() < MAX_REASONS || self.reasons.contains_key(reason);
        *self.reasons.entry(if known { reason } else { FURTHER_REASON }.to_owned()).or_default() += documents;
    }

    /// The progress, in one line.
    pub(super) fn progress(&self) -> String {
        let Self { objects, objects_read, records, rejected, .. } = self;
        format!("{objects_read} of {objects} objects, {records} records, {rejected} rejected again")
    }
}

impl fmt::Display for Report {
    /// Objects, records and documents; the reasons, the most frequent first; and where the replay ended early.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let would = if self.publishes { "" } else { "would be " };
        let Self { objects, objects_read, unreadable, records, rejected, undelivered, .. } = self;
        writeln!(f, "objects    {objects_read} of {objects}, {unreadable} of them unreadable")?;
        let published = records - rejected - undelivered;
        write!(f, "records    {records}: {published} {would}published, {rejected} {would}rejected again")?;
        writeln!(f, ", {undelivered} undelivered")?;
        let rejected: usize = self.reasons.values().sum();
        writeln!(
            f,
            "documents  {} {would}published, {rejected} {would}rejected again",
            self.published_documents
        )?;
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (reason, count) in reasons.iter().take(SHOWN_REASONS) {
            writeln!(f, "  {count}  {}", Plain::line(reason))?;
        }
        if reasons.len() > SHOWN_REASONS {
            writeln!(f, "  and {} more reasons", reasons.len() - SHOWN_REASONS)?;
        }
        match &self.stopped {
            Some(stopped) => writeln!(f, "stopped at {}", Plain::line(stopped)),
            None if !self.publishes => writeln!(f, "this was a dry run: add --publish to publish"),
            None => Ok(()),
        }
    }
}
