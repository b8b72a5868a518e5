//! Records that can never succeed. They are stored before they count as done: one JSON line per record, on S3 or in a
//! stream.
//!
//! A line ([`Line`]) holds all that a replay needs, and nothing that another delivery of the record would change.

mod line;
mod more_failures;
mod rejections;
mod s3;
mod stream;

use std::sync::Arc;

use indexmap::IndexMap;
use predictor::plain_text::Plain;
use uuid::Uuid;

use crate::aws::TimeLimit;
use crate::failure::Undelivered;
use crate::record::Record;
use crate::sinks::KinesisSink;

pub use line::{FailureLine, Line};
pub use more_failures::{MoreFailures, ReasonCount};
pub use rejections::{FURTHER_REASON, Rejections};
pub use s3::S3Store;

/// Why a record cannot be stored where no quarantine is configured.
pub const NOT_CONFIGURED: &str =
    "no quarantine is configured: set QUARANTINE_LOCATION or QUARANTINE_STREAM_NAME";

/// Reasons that a line of the log names.
const LOGGED_REASONS: usize = 3;

/// A record with rejected documents.
#[derive(Debug, Clone)]
pub struct Quarantined<'a> {
    /// The record, as it came.
    pub record: &'a Record<'a>,
    /// Its rejected documents, in their order: at least one.
    pub documents: Vec<RejectedDocument>,
}

/// A rejected document of a record.
#[derive(Debug, Clone)]
pub struct RejectedDocument {
    /// The id that its result would have had.
    pub id: Uuid,
    /// Its place in the record's payload.
    pub place: u32,
    /// Why it was rejected. Documents with the same reason share the text.
    pub reason: Arc<str>,
}

impl Quarantined<'_> {
    /// Writes to the log that the record was quarantined: one line, however many documents were rejected.
    pub fn log(&self) {
        let Some(first) = self.documents.first() else { return };
        let mut counts: IndexMap<&str, usize> = IndexMap::new();
        for document in &self.documents {
            *counts.entry(&document.reason).or_default() += 1;
        }
        let text = |(reason, count): (&str, usize)| format!("{count} × {}", Plain::name(reason));
        let more: usize = counts.values().skip(LOGGED_REASONS).sum();
        let more = (more > 0).then(|| format!("{more} × {FURTHER_REASON}"));
        let others = counts.into_iter().take(LOGGED_REASONS).skip(1).map(text).chain(more);
        let others = others.collect::<Vec<_>>().join("; ");
        let others = Some(others.as_str()).filter(|others| !others.is_empty());
        self.record.origin.log_quarantined(self.documents.len(), (first.place, &first.reason), others);
    }
}

/// Some records could not be stored.
#[derive(Debug)]
pub struct Unstored {
    /// How many were stored before the first that was not.
    pub stored: usize,
    /// Why the others were not.
    pub undelivered: Undelivered,
}

/// Where records go that can never succeed.
#[derive(Debug, Clone)]
pub enum Quarantine {
    /// Objects on S3.
    S3(S3Store),
    /// A stream.
    Stream(KinesisSink),
    /// Nothing is configured, so no record can be stored.
    Nowhere,
    /// The log alone: a test run.
    Log,
    /// Records stay where they are, and are counted: a replay.
    Count(Rejections),
}

impl Quarantine {
    /// Looks whether the quarantine's stream exists, if it is a stream. A bucket is not looked at: that would take more
    /// rights than storing does.
    ///
    /// # Errors
    /// When there is no such stream.
    pub async fn find(&self) -> anyhow::Result<()> {
        match self {
            Self::Stream(stream) => stream.find("QUARANTINE_STREAM_NAME").await,
            _ => Ok(()),
        }
    }

    /// Stores records that the model of that name and version rejected. Only then may they count as done.
    ///
    /// # Errors
    /// When some could not be stored within the limit. More than the first `stored` may have been.
    pub async fn store(
        &self,
        model: (&str, &str),
        records: &[Quarantined<'_>],
        limit: &TimeLimit,
    ) -> Result<(), Unstored> {
        let none = |undelivered| Unstored { stored: 0, undelivered };
        match self {
            Self::S3(store) => store.store(model, records, limit).await.map_err(none),
            Self::Stream(sink) => stream::store(sink, model, records, limit).await,
            Self::Nowhere => Err(none(Undelivered { reason: NOT_CONFIGURED.to_owned() })),
            Self::Log => Ok(()),
            Self::Count(rejections) => {
                rejections.count(records);
                Ok(())
            }
        }
    }
}
