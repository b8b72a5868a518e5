//! The two ways in which a record can fail. There is no third.
//!
//! No message quotes a record. Messages name fields and inputs as the serving spec and the model name them.

use thiserror::Error;

/// The record can never succeed: it is quarantined, and another try would end the same way.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejected {
    /// The record's entry in the invocation event does not have the documented shape.
    #[error("the event's entry for the record is malformed: {0}")]
    Entry(String),
    /// A sink would not take the result, however often it is sent.
    #[error(
        "the result is too large for the output stream: {bytes} bytes with its partition key, expected at most {limit}"
    )]
    TooLarge {
        /// Size of the data and the partition key.
        bytes: usize,
        /// The service's limit on that size.
        limit: usize,
    },
    /// The engine has no prediction for the document.
    #[error(transparent)]
    Document(#[from] predictor::Rejected),
}

/// The record may succeed later: it is reported, and whoever delivered it delivers it again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Undelivered {
    /// What stood in the way, in one line.
    pub reason: String,
}

impl Undelivered {
    /// A record that was not reached before the time limit.
    #[must_use]
    pub fn out_of_time() -> Self {
        Self { reason: "the invocation's time is up".to_owned() }
    }
}
