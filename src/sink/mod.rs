//! Where results go: a Kinesis stream, or the answer of a test run.

mod kinesis;
mod request;

use crate::error::Undelivered;
use crate::time_limit::TimeLimit;

pub use kinesis::KinesisSink;
pub use request::MAX_RECORD_BYTES;

/// A result on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The partition key, 1 to 256 characters: results of one key keep their order.
    pub key: String,
    /// The result event.
    pub data: Vec<u8>,
}

impl Entry {
    /// What the service counts of it: data and key.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.data.len() + self.key.len()
    }
}

/// A destination.
#[derive(Debug, Clone)]
pub enum Sink {
    /// Publishes to a stream.
    Kinesis(KinesisSink),
    /// Publishes nothing: the results are in the answer.
    Answer,
    /// Publishes nothing, but takes only what a stream would take.
    Discard,
}

/// What became of the entries of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// For each entry, whether it was accepted.
    pub accepted: Vec<bool>,
    /// Why the others were not.
    pub undelivered: Option<Undelivered>,
}

impl Sink {
    /// Looks whether the output stream is there.
    ///
    /// # Errors
    /// When it is not.
    pub async fn find(&self) -> anyhow::Result<()> {
        match self {
            Self::Kinesis(stream) => stream.find("PREDICTIONS_STREAM_NAME").await,
            Self::Answer | Self::Discard => Ok(()),
        }
    }

    /// Publishes entries in their order, and gives up when the time is up.
    pub async fn publish(&self, entries: &[Entry], limit: &TimeLimit) -> Delivery {
        match self {
            Self::Kinesis(sink) => sink.publish(entries, limit).await,
            Self::Answer | Self::Discard => {
                Delivery { accepted: vec![true; entries.len()], undelivered: None }
            }
        }
    }
}
