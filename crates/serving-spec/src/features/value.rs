//! The values of one record's features.

use std::fmt;

use crate::rejected::Rejected;

/// What a feature gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A 64-bit float; NaN where it is missing.
    Double,
    /// A 64-bit integer.
    Int64,
    /// True or false.
    Bool,
    /// Unicode text.
    String,
    /// A field as it stands in the record, to be read as its use asks.
    Json,
}

impl Type {
    /// As the serving spec spells it.
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

/// One value. Strings are texts of the [`Row`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Of [`Type::Double`].
    Double(f64),
    /// Of [`Type::Int64`].
    Int64(i64),
    /// Of [`Type::Bool`].
    Bool(bool),
    /// Of [`Type::String`].
    Text(Text<'a>),
    /// Of [`Type::Json`]: the JSON text.
    Json(Text<'a>),
}

/// A text that is not copied: part of the record, or one that was made for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text<'a> {
    /// Borrowed from the record.
    Record(&'a str),
    /// A range of what [`Row`] has made.
    Made(usize, usize),
}

impl Text<'_> {
    /// The part between two bytes, which are boundaries of characters.
    #[must_use]
    pub fn part(self, start: usize, end: usize) -> Self {
        match self {
            Self::Record(text) => Self::Record(&text[start..end]),
            Self::Made(from, _) => Self::Made(from + start, from + end),
        }
    }
}

/// Bytes of all texts that are made for a record: the largest record has fewer.
const MAX_MADE: usize = 16 << 20;

/// Bytes that are kept for the next record.
const KEPT: usize = 1 << 20;

/// What is known of the record under way. It is used again for the next: [`FeaturePlan::row`](super::FeaturePlan::row)
/// makes it.
#[derive(Debug, Clone, Default)]
pub struct Row<'a> {
    /// The JSON texts of the plan's fields.
    pub(super) fields: Vec<Option<&'a str>>,
    /// The features' values, in registers.
    pub(super) values: Vec<Value<'a>>,
    made: String,
    /// Whether a text had no room.
    is_full: bool,
    /// Of the record, so that what was found for the one before is not taken for what belongs to it.
    pub(super) number: i64,
    pub(super) event_time: Option<f64>,
}

impl<'a> Row<'a> {
    pub(super) fn new(fields: usize, registers: usize) -> Self {
        Self {
            fields: vec![None; fields],
            values: vec![Value::Bool(false); registers],
            made: String::new(),
            is_full: false,
            number: 0,
            event_time: None,
        }
    }

    /// Goes on to the next record.
    pub(super) fn next(&mut self) {
        self.made.clear();
        self.made.shrink_to(KEPT);
        self.is_full = false;
        self.number += 1;
    }

    /// The JSON text of a field; `None` where the record lacks it.
    #[must_use]
    pub fn field(&self, slot: usize) -> Option<&'a str> {
        self.fields[slot]
    }

    /// When the event took place, in seconds since the epoch; NaN if the record does not say, `None` if the spec does not.
    #[must_use]
    pub fn event_time(&self) -> Option<f64> {
        self.event_time
    }

    /// A text's characters.
    #[must_use]
    pub fn str(&self, text: Text<'a>) -> &str {
        match text {
            Text::Record(text) => text,
            Text::Made(start, end) => &self.made[start..end],
        }
    }

    /// Makes a text. Beyond the limit it is cut, and the record is rejected: see [`Row::check`].
    pub(super) fn make(&mut self, text: &str) -> Text<'a> {
        let start = self.made.len();
        self.append_str(text);
        self.made_since(start)
    }

    /// Where a text begins that is made piece by piece, with [`Row::append`].
    pub(super) fn start(&self) -> usize {
        self.made.len()
    }

    /// Adds a copy of a text to the one that is being made.
    pub(super) fn append(&mut self, text: Text<'a>) {
        match text {
            Text::Record(text) => self.append_str(text),
            Text::Made(start, end) => {
                if self.has_room(end - start) {
                    self.made.extend_from_within(start..end);
                }
            }
        }
    }

    /// Adds to the one that is being made.
    pub(super) fn append_str(&mut self, text: &str) {
        if self.has_room(text.len()) {
            self.made.push_str(text);
        }
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        self.is_full |= self.made.len() + bytes > MAX_MADE;
        !self.is_full
    }

    /// Whether all texts that were made for the record are whole.
    pub(super) fn check(&self) -> Result<(), Rejected> {
        if self.is_full { Err(Rejected::TooMuchText { limit: MAX_MADE }) } else { Ok(()) }
    }

    /// The text that was begun at `start`.
    pub(super) fn made_since(&self, start: usize) -> Text<'a> {
        Text::Made(start, self.made.len())
    }
}

/// Why a feature has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub(super) kind: Kind,
    pub(super) reason: Box<Rejected>,
}

/// How a feature lacks its value: what it does about it depends on this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is nothing.
    Missing,
    /// An operand is NaN: that is how it says that it is missing.
    NaN,
    /// Something is there that can't be used.
    Invalid,
    /// An operand is a feature that rejects the record, which no one else can mend.
    Rejected,
}

impl Problem {
    /// There is nothing.
    pub(super) fn missing(reason: Rejected) -> Self {
        Self { kind: Kind::Missing, reason: Box::new(reason) }
    }

    /// What is there can't be used: `operand` names it.
    pub(super) fn invalid(operand: &dyn fmt::Display, expected: &str, found: &'static str) -> Self {
        let reason = Rejected::Invalid { operand: operand.to_string(), expected: expected.to_owned(), found };
        Self { kind: Kind::Invalid, reason: Box::new(reason) }
    }
}
