//! The working memory for one document at a time.

use super::value::{Text, Value};
use crate::rejected::Rejected;

/// The most bytes of text that the features may build for one document. The largest record is smaller than
/// this.
const MAX_BUILT: usize = 16 << 20;

/// Bytes of memory for built texts that stay allocated for the next document.
const KEPT: usize = 1 << 20;

/// The fields and features of the current document. [`FeaturePlan::row`](super::FeaturePlan::row) makes a
/// row, and every document can reuse it.
#[derive(Debug, Clone, Default)]
pub struct Row<'a> {
    /// The JSON texts of the plan's fields, by slot.
    pub(super) fields: Vec<Option<&'a str>>,
    /// The values of the features, by register.
    pub(super) values: Vec<Value<'a>>,
    built: String,
    /// Whether a text did not fit.
    is_full: bool,
    /// Counts documents. A value that was remembered for the previous document has another number.
    pub(super) number: i64,
    pub(super) event_time: Option<f64>,
}

impl<'a> Row<'a> {
    pub(super) fn new(fields: usize, registers: usize) -> Self {
        Self {
            fields: vec![None; fields],
            values: vec![Value::Bool(false); registers],
            built: String::new(),
            is_full: false,
            number: 0,
            event_time: None,
        }
    }

    /// Starts the next document.
    pub(super) fn next(&mut self) {
        self.built.clear();
        self.built.shrink_to(KEPT);
        self.is_full = false;
        self.number += 1;
    }

    /// Returns the JSON text of a field, or `None` if the document lacks the field.
    #[must_use]
    #[inline]
    pub fn field(&self, slot: usize) -> Option<&'a str> {
        self.fields[slot]
    }

    /// Returns when the event took place, in seconds since the epoch.
    ///
    /// It is NaN if the document does not say, and `None` if the spec has no `event_time`.
    #[must_use]
    #[inline]
    pub fn event_time(&self) -> Option<f64> {
        self.event_time
    }

    /// Returns the characters of a text.
    #[inline]
    pub(super) fn str(&self, text: Text<'a>) -> &str {
        match text {
            Text::Document(text) => text,
            Text::Built(start, end) => &self.built[start..end],
        }
    }

    /// Copies a text into the row. A text that exceeds the limit is cut, and [`Row::check`] then fails.
    pub(super) fn build(&mut self, text: &str) -> Text<'a> {
        let start = self.start();
        self.append_str(text);
        self.built_since(start)
    }

    /// Starts a text that is built piece by piece, and returns its start for [`Row::built_since`].
    pub(super) fn start(&self) -> usize {
        self.built.len()
    }

    /// Appends a copy of `text` to the text that was started.
    pub(super) fn append(&mut self, text: Text<'a>) {
        match text {
            Text::Document(text) => self.append_str(text),
            Text::Built(start, end) => {
                if self.has_room(end - start) {
                    self.built.extend_from_within(start..end);
                }
            }
        }
    }

    /// Appends `text` to the text that was started.
    pub(super) fn append_str(&mut self, text: &str) {
        if self.has_room(text.len()) {
            self.built.push_str(text);
        }
    }

    /// Returns the text that was started at `start`.
    pub(super) fn built_since(&self, start: usize) -> Text<'a> {
        Text::Built(start, self.built.len())
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        self.is_full |= self.built.len() + bytes > MAX_BUILT;
        !self.is_full
    }

    /// Checks that no text of the document was cut.
    pub(super) fn check(&self) -> Result<(), Rejected> {
        if self.is_full { Err(Rejected::TooMuchText { limit: MAX_BUILT }) } else { Ok(()) }
    }
}
