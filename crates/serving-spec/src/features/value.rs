//! The value of one feature for one document.

use std::fmt;

/// The type of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A 64-bit float; NaN means that the value is missing.
    Double,
    /// A 64-bit integer.
    Int64,
    /// True or false.
    Bool,
    /// Unicode text.
    String,
    /// A field as the document has it. The use of the field decides how it is read.
    Json,
}

impl Type {
    /// Returns the name that the serving spec uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Double => "double",
            Self::Int64 => "int64",
            Self::Bool => "bool",
            Self::String => "string",
            Self::Json => "any",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One value. Texts belong to a [`Row`](super::row::Row).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A value of [`Type::Double`].
    Double(f64),
    /// A value of [`Type::Int64`].
    Int64(i64),
    /// A value of [`Type::Bool`].
    Bool(bool),
    /// A value of [`Type::String`].
    Text(Text<'a>),
    /// A value of [`Type::Json`], as JSON text.
    Json(Text<'a>),
}

/// A text that is not copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text<'a> {
    /// Part of the document.
    Document(&'a str),
    /// A byte range of the texts that a [`Row`](super::row::Row) has built: start and end.
    Built(usize, usize),
}

impl Text<'_> {
    /// Returns the part from byte `start` to before byte `end`. Both must be boundaries of characters.
    #[must_use]
    #[inline]
    pub fn part(self, start: usize, end: usize) -> Self {
        match self {
            Self::Document(text) => Self::Document(&text[start..end]),
            Self::Built(from, _) => Self::Built(from + start, from + end),
        }
    }
}
