//! Why a document has no result.
//!
//! No message holds anything that came in a record.

use thiserror::Error;

/// The document's own fault, for ever: another try would end the same way.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejected {
    /// The payload is not standard base64 with padding (RFC 4648, section 4).
    #[error("the payload is not base64")]
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
    /// The model fails on this record alone. What it says may quote the record, so it is not passed on.
    #[error("the model fails on this record")]
    Model,
    /// The function fails on this record: a defect of ours, which is the record's alone.
    #[error("the function panics on this record; please report that")]
    Panic,
    /// The document does not fit the serving spec, or its prediction has no JSON form.
    #[error(transparent)]
    Spec(#[from] serving_spec::Rejected),
}
