//! Why a document has no features or no result.
//!
//! No message holds anything that came in a record. Messages name fields and inputs as the serving spec and the model name
//! them, and values only by their type.

use std::fmt;

use thiserror::Error;

/// The document's own fault, for ever: another try would end the same way.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejected {
    /// The payload is not UTF-8, and so no JSON text (RFC 8259, section 8.1).
    #[error("the payload is not UTF-8 (byte {0} of it)")]
    NotUtf8(usize),
    /// The payload is not one JSON text.
    #[error("the payload is not JSON (line {line}, column {column})")]
    NotJson {
        /// Line of the payload, from 1.
        line: usize,
        /// Column of that line in bytes, from 1.
        column: usize,
    },
    /// The payload is JSON, but not an object.
    #[error("the payload is JSON, but no object")]
    NotAnObject,
    /// A field that the serving spec or the model needs is not there.
    #[error("field `{field}` is missing")]
    Missing {
        /// The field, as the serving spec writes it.
        field: String,
    },
    /// A field holds another type of JSON value than its use needs.
    #[error("field `{field}`: expected {expected}, found {found}")]
    WrongType {
        /// The field, as the serving spec writes it.
        field: String,
        /// What its use needs.
        expected: &'static str,
        /// The JSON type that is there.
        found: JsonType,
    },
    /// A number that the model's input type can't hold.
    #[error("field `{field}`: the number is out of range for {target}")]
    OutOfRange {
        /// The field, as the serving spec writes it.
        field: String,
        /// The ONNX element type of the input.
        target: &'static str,
    },
    /// An operand holds what can't be used.
    #[error("{operand}: expected {expected}, found {found}")]
    Invalid {
        /// The field or the feature, as the serving spec names it.
        operand: String,
        /// What its use needs.
        expected: String,
        /// What is there, by its kind.
        found: &'static str,
    },
    /// An operand is a feature that is NaN.
    #[error("feature `{feature}` is missing (NaN)")]
    NoValue {
        /// The feature's name.
        feature: String,
    },
    /// The texts that the features make of the record, among them each that has escapes in it, take more than is kept of them.
    #[error("its features make texts of more than {limit} bytes")]
    TooMuchText {
        /// The limit.
        limit: usize,
    },
    /// A feature has no value.
    #[error("feature `{feature}`: {reason}")]
    Feature {
        /// The feature's name.
        feature: String,
        /// Why.
        reason: Box<Rejected>,
    },
    /// An array of another length than the model's input has columns.
    #[error("field `{field}`: expected an array of {expected} numbers, found {found}")]
    WrongLength {
        /// The field, as the serving spec writes it.
        field: String,
        /// The input's number of columns.
        expected: usize,
        /// The array's length.
        found: usize,
    },
    /// JSON has no NaN and no infinity (RFC 8259, section 6).
    #[error("prediction `{0}` is not finite")]
    NonFinite(String),
    /// The serving spec has no word for a label.
    #[error("prediction `{0}` is a label that `classes` does not name")]
    UnknownLabel(String),
}

/// The types of JSON values (RFC 8259, section 3), told by a value's first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// a number
    Number,
    /// a string
    String,
    /// an array
    Array,
    /// an object
    Object,
}

impl JsonType {
    /// The type of `json`, the text of one valid JSON value without white space before it.
    #[must_use]
    pub fn of(json: &str) -> Self {
        match json.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'"') => Self::String,
            Some(b'[') => Self::Array,
            Some(b'{') => Self::Object,
            _ => Self::Number,
        }
    }
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}
