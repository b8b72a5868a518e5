//! What a replay has done, or would do.

use std::collections::BTreeMap;
use std::fmt;

/// Reasons that are told apart.
const MAX_REASONS: usize = 1_000;

/// Reasons that are shown.
const SHOWN_REASONS: usize = 20;

/// The counts of a replay. Each record is published, rejected or undelivered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether anything is published: not in a dry run.
    publishes: bool,
    /// Objects below the prefix.
    pub objects: usize,
    /// Of these, those that were read to their end, or could not be.
    pub objects_read: usize,
    /// Of these, those that hold anything but records, are too large, or could not be read.
    pub unreadable: usize,
    /// Records that were read.
    pub records: usize,
    /// Of these, those of which a document was rejected again.
    pub rejected: usize,
    /// Of these, those that could not be delivered.
    pub undelivered: usize,
    /// Results that the stream took, or would take, each counted once.
    pub published_documents: usize,
    /// Documents that were rejected, by reason.
    pub reasons: BTreeMap<String, usize>,
    /// Where it ended early, and why.
    pub stopped: Option<String>,
}

impl Report {
    pub(super) fn new(publishes: bool, objects: usize) -> Self {
        Self { publishes, objects, ..Self::default() }
    }

    /// Whether every object was read, and nothing is left undelivered.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stopped.is_none() && self.undelivered == 0 && self.unreadable == 0
    }

    pub(super) fn reject(&mut self, reason: &str, documents: usize) {
        let known = self.reasons.len() < MAX_REASONS || self.reasons.contains_key(reason);
        *self.reasons.entry(if known { reason } else { "a further reason" }.to_owned()).or_default() +=
            documents;
    }

    /// How far it is, in one line.
    pub(super) fn progress(&self) -> String {
        let Self { objects, objects_read, records, rejected, .. } = self;
        format!("{objects_read} of {objects} objects, {records} records, {rejected} rejected again")
    }
}

impl fmt::Display for Report {
    /// Objects, records and documents, the reasons from the most frequent on, and where it ended early.
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
            writeln!(f, "  {count}  {reason}")?;
        }
        if reasons.len() > SHOWN_REASONS {
            writeln!(f, "  and {} further reasons", reasons.len() - SHOWN_REASONS)?;
        }
        match &self.stopped {
            Some(stopped) => writeln!(f, "stopped at {stopped}"),
            None if !self.publishes => writeln!(f, "a dry run: --publish publishes"),
            None => Ok(()),
        }
    }
}
