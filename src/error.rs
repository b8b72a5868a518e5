//! The two ways in which a record can fail, and no third.
//!
//! No message holds anything that came in a record: fields and inputs are named as the serving spec and the
//! model name them, values only by their type.

use std::fmt;

use thiserror::Error;

/// The record's own fault, for ever: it is quarantined, and trying again would end the same.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejected {
    /// The record's entry in the invocation event is not of the documented shape.
    #[error("the event's entry for the record is malformed: {0}")]
    Envelope(String),
    /// `kinesis.data` is not standard base64 with padding (RFC 4648, section 4).
    #[error("kinesis.data is not base64")]
    NotBase64,
    /// There is no document in the payload, only white space if anything.
    #[error("the payload is empty")]
    Empty,
    /// An aggregate of the Kinesis Producer Library with a good digest that is not as the format says.
    #[error("the KPL aggregate is malformed: {0}")]
    Aggregate(&'static str),
    /// The payload starts as compressed data does, and can't be decompressed: the format's name.
    #[error("the payload is not sound {0}")]
    Compressed(&'static str),
    /// What the record decompresses to is out of all proportion to it.
    #[error("the record decompresses to more than {limit} bytes")]
    Expands {
        /// The limit for a record of its size.
        limit: usize,
    },
    /// More documents than are taken from one record.
    #[error("there are more than {limit} documents in the record")]
    TooManyDocuments {
        /// The limit.
        limit: usize,
    },
    /// The document does not fit the serving spec.
    #[error(transparent)]
    Spec(#[from] serving_spec::Rejected),
    /// The model fails on this record alone. What it says may quote the record, so it is not passed on.
    #[error("the model fails on this record")]
    Model,
    /// The function fails on this record: a defect of ours, which is the record's alone.
    #[error("the function panics on this record; please report that")]
    Panic,
    /// The result is too large for a record of the output stream.
    #[error(
        "the result is too large for the output stream: {bytes} bytes with its partition key, at most {limit}"
    )]
    TooLarge {
        /// Size of data and partition key.
        bytes: usize,
        /// The service's limit on that.
        limit: usize,
    },
}

/// Nobody's fault, and only for now: the record is reported to Lambda, which delivers it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// What stood in the way, in one line.
    pub reason: String,
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}
