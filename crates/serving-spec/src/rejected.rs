//! Why a document has no result.

use thiserror::Error;

use crate::json_type::JsonType;

/// A permanent fault of one document: a retry fails in the same way.
///
/// No message quotes the document. Messages name fields and features as the serving spec spells them, and
/// values by their type only.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejected {
    /// The payload is not UTF-8, so it is not JSON text (RFC 8259, section 8.1).
    #[error("the payload is not UTF-8 (byte {0} of it)")]
    NotUtf8(usize),
    /// The payload is not one JSON text.
    #[error("the payload is not JSON (line {line}, column {column})")]
    NotJson {
        /// Line of the payload, counted from 1.
        line: usize,
        /// Column of that line in bytes, counted from 1.
        column: usize,
    },
    /// The payload is JSON but not an object.
    #[error("the payload is JSON but not an object")]
    NotAnObject,
    /// The document lacks a field that the serving spec or the model needs.
    #[error("field `{field}` is missing")]
    Missing {
        /// The field, as the serving spec spells it.
        field: String,
    },
    /// A field holds another JSON type than its use needs.
    #[error("field `{field}`: expected {expected}, found {found}")]
    WrongType {
        /// The field, as the serving spec spells it.
        field: String,
        /// What the use of the field needs.
        expected: &'static str,
        /// The JSON type that the field holds.
        found: JsonType,
    },
    /// A number does not fit into the type of the model's input.
    #[error("field `{field}`: the number is out of range for {target}")]
    OutOfRange {
        /// The field, as the serving spec spells it.
        field: String,
        /// The ONNX element type of the input.
        target: &'static str,
    },
    /// An operand holds a value that its transform cannot use.
    #[error("{operand}: expected {expected}, found {found}")]
    Invalid {
        /// The field or the feature, as the serving spec spells it.
        operand: String,
        /// What the transform needs.
        expected: String,
        /// The kind of the value that is there.
        found: &'static str,
    },
    /// An operand is a feature that is NaN.
    #[error("feature `{feature}` is missing (NaN)")]
    NoValue {
        /// The name of the feature.
        feature: String,
    },
    /// The texts that the features build for one document are too large together. A string with escapes
    /// counts among them.
    #[error("its features build more than {limit} bytes of text")]
    TooMuchText {
        /// The limit in bytes.
        limit: usize,
    },
    /// The texts for the model's inputs are too large together.
    #[error("the record's text is too much for this model: {} MB, expected at most {} MB", .bytes >> 20, .limit >> 20)]
    TextTooLong {
        /// Their size in bytes, as far as they were read.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The features take more time than one record may.
    #[error("the record takes too long")]
    TooSlow,
    /// A feature has no value.
    #[error("feature `{feature}`: {reason}")]
    Feature {
        /// The name of the feature.
        feature: String,
        /// Why it has no value.
        reason: Box<Rejected>,
    },
    /// An array has another length than the model's input has columns.
    #[error("field `{field}`: expected an array of {expected} numbers, found {found}")]
    WrongLength {
        /// The field, as the serving spec spells it.
        field: String,
        /// The number of columns of the input.
        expected: usize,
        /// The length of the array.
        found: usize,
    },
    /// A prediction is NaN or infinite, which JSON cannot express (RFC 8259, section 6).
    #[error("prediction `{0}` is not finite")]
    NonFinite(String),
    /// A prediction is a label that has no entry in `classes`.
    #[error("prediction `{0}` is a label that `classes` does not name")]
    UnknownLabel(String),
}
