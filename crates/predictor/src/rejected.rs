//! The reasons why a document can never have a result.
//!
//! A message never quotes the record.

use thiserror::Error;

/// The fault lies in the document and is permanent. A retry would fail in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejected {
    /// The payload is not standard base64 with padding (RFC 4648, section 4).
    #[error("the payload is not base64")]
    NotBase64,
    /// The payload has no bytes, or only white space.
    #[error("the payload is empty")]
    Empty,
    /// An aggregate of the Kinesis Producer Library has a valid digest, but does not follow the format.
    #[error("the KPL aggregate is malformed: {0}")]
    Aggregate(&'static str),
    /// The payload starts as compressed data does, but cannot be decompressed. The value is the format's
    /// name.
    #[error("the payload is not valid {0}")]
    Compressed(&'static str),
    /// The record decompresses to far more bytes than it has.
    #[error("the record decompresses to more than {limit} bytes")]
    Expands {
        /// The limit for a record of its size.
        limit: usize,
    },
    /// The record holds more documents than one record may.
    #[error("there are more than {limit} documents in the record")]
    TooManyDocuments {
        /// The limit.
        limit: usize,
    },
    /// The model fails on this record, but not on others. Its message may quote the record, so it is dropped.
    #[error("the model fails on this record")]
    Model,
    /// What the model makes of this record takes too much memory, but the model runs on others.
    #[error("the record is too much for this model: it needs more than 32 MB of memory")]
    TooMuchMemory,
    /// Scoring takes more time than one record may.
    #[error("the record is too expensive for this model: it takes more time than one record may")]
    TooSlow,
    /// Scoring panics on this record, which is a bug in this software. Other records are not affected.
    #[error("the function panics on this record; please report this bug")]
    Panic,
    /// The document does not fit the serving spec, or its prediction has no JSON form.
    #[error(transparent)]
    Spec(serving_spec::Rejected),
}

impl From<serving_spec::Rejected> for Rejected {
    fn from(rejected: serving_spec::Rejected) -> Self {
        match rejected {
            serving_spec::Rejected::TooSlow => Self::TooSlow,
            rejected => Self::Spec(rejected),
        }
    }
}
