//! The working memory for one document at a time.

use limits::Clock;

use super::value::{Text, Value};
use crate::rejected::Rejected;

/// The most bytes of text that the features may build for one document, and the most that the inputs of the
/// model take of it. A record that is not compressed is smaller than this.
const MAX_TEXT: usize = 8 << 20;

/// Steps between two looks at the clock. A step is about a byte.
const STEPS: usize = 1 << 14;

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
    /// Bytes of text that the document has given to the model's inputs.
    taken: usize,
    clock: Clock,
    /// Steps since the last look at the clock.
    steps: usize,
    has_looked: bool,
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
            taken: 0,
            clock: Clock::unlimited(),
            steps: 0,
            has_looked: false,
            number: 0,
            event_time: None,
        }
    }

    /// Starts the next document.
    pub(super) fn next(&mut self) {
        self.built.clear();
        self.built.shrink_to(KEPT);
        self.is_full = false;
        self.taken = 0;
        self.has_looked = false;
        self.number += 1;
    }

    /// Sets the time until which documents may take.
    pub fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Whether the current document took so much work that the clock was looked at.
    #[must_use]
    #[inline]
    pub fn has_looked_at_clock(&self) -> bool {
        self.has_looked
    }

    /// Bytes of text that the current document has given to the model's inputs.
    #[must_use]
    #[inline]
    pub fn text_bytes(&self) -> usize {
        self.taken
    }

    /// Counts work: about a step for each byte.
    ///
    /// # Errors
    /// [`Rejected::TooSlow`] if the time is up.
    #[inline]
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Rejected> {
        self.steps += steps;
        if self.steps < STEPS {
            return Ok(());
        }
        self.steps = 0;
        self.has_looked = true;
        self.clock.check().map_err(|_| Rejected::TooSlow)
    }

    /// Counts a text that an input of the model takes.
    ///
    /// # Errors
    /// [`Rejected::TextTooLong`] if the inputs take too much.
    pub(super) fn take_text(&mut self, bytes: usize) -> Result<(), Rejected> {
        self.taken += bytes;
        if self.taken > MAX_TEXT {
            Err(Rejected::TextTooLong { bytes: self.taken, limit: MAX_TEXT })
        } else {
            Ok(())
        }
    }

    /// Whether a text of this size fits. If not, [`Row::check`] fails from now on.
    pub(super) fn fits(&mut self, bytes: usize) -> bool {
        self.is_full |= bytes > MAX_TEXT;
        !self.is_full
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

    /// Bytes of text that the features have built.
    pub(super) fn built_bytes(&self) -> usize {
        self.built.len()
    }

    /// Returns the text that was started at `start`.
    pub(super) fn built_since(&self, start: usize) -> Text<'a> {
        Text::Built(start, self.built.len())
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        self.is_full |= self.built.len() + bytes > MAX_TEXT;
        !self.is_full
    }

    /// Checks that no text of the document was cut.
    pub(super) fn check(&self) -> Result<(), Rejected> {
        if self.is_full { Err(Rejected::TooMuchText { limit: MAX_TEXT }) } else { Ok(()) }
    }
}
