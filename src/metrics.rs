//! What became of the records of an invocation, in numbers.

/// Every record is counted in exactly one of the three.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outcomes {
    /// Accepted by the output stream, or in the answer of a test run.
    pub published: usize,
    /// Rejected for ever, and set aside.
    pub quarantined: usize,
    /// Left to Lambda to deliver again.
    pub reported: usize,
    /// The longest time, in seconds, from when an event took place until the stream took its record; only known where the
    /// serving spec has an `event_time`.
    pub lateness: Option<f64>,
}

impl Outcomes {
    /// Takes note of how late a record came.
    pub fn came_late(&mut self, lateness: Option<f64>) {
        self.lateness = self.lateness.into_iter().chain(lateness).reduce(f64::max);
    }

    /// Writes them to the log, one line an invocation.
    pub fn log(&self) {
        let records = self.published + self.quarantined + self.reported;
        let Self { published, quarantined, reported, lateness } = self;
        tracing::info!(records, published, quarantined, reported, lateness, "batch done");
    }
}
