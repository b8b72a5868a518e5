//! Records that can never succeed, stored before they count as done: one JSON line a record, on S3 or in a stream.
//!
//! A line ([`Line`]) has all that a replay needs, and nothing that another delivery of the record would change.

mod line;
mod rejections;
mod s3;
mod stream;

use uuid::Uuid;

use crate::error::{Rejected, Undelivered};
use crate::event::Record;
use crate::sink::KinesisSink;
use crate::time_limit::TimeLimit;

pub use line::{FailureLine, Line};
pub use rejections::Rejections;
pub use s3::S3Store;

/// Why nothing is stored where nothing is configured, and the way out.
pub const NOT_CONFIGURED: &str =
    "no quarantine is configured: set QUARANTINE_LOCATION or QUARANTINE_STREAM_NAME";

/// A record of which documents were rejected.
#[derive(Debug, Clone)]
pub struct Quarantined<'a> {
    /// The record, as it came.
    pub record: &'a Record<'a>,
    /// At least one.
    pub failures: Vec<Failure<'a>>,
}

/// A document that was rejected.
#[derive(Debug, Clone)]
pub struct Failure<'a> {
    /// What the prediction's would have been.
    pub id: Uuid,
    /// Its place in the record's payload.
    pub sub_sequence: u32,
    /// Why.
    pub reason: &'a Rejected,
}

/// Records that could not be stored.
#[derive(Debug)]
pub struct Unstored {
    /// How many of the first were.
    pub stored: usize,
    /// Why the others were not.
    pub undelivered: Undelivered,
}

/// Where records go that can never succeed.
#[derive(Debug, Clone)]
pub enum Quarantine {
    /// To objects on S3.
    S3(S3Store),
    /// To a stream.
    Stream(KinesisSink),
    /// Nowhere, since nothing is configured: none can be stored.
    Nowhere,
    /// To the log, which the handler writes anyway: a test run.
    Log,
    /// They are where they were: a replay counts them.
    Count(Rejections),
}

impl Quarantine {
    /// Looks whether the stream for rejected records is there, if it is one. Of a bucket nothing is asked: that would take more
    /// rights than storing does.
    ///
    /// # Errors
    /// When it is not.
    pub async fn find(&self) -> anyhow::Result<()> {
        match self {
            Self::Stream(stream) => stream.find("QUARANTINE_STREAM_NAME").await,
            _ => Ok(()),
        }
    }

    /// Stores records that were rejected by the model of that name and version; they may count as done only then.
    ///
    /// # Errors
    /// When not all of them could be stored within the limit; more than the first may have been.
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
