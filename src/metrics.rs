//! What became of the records of an invocation, in numbers.

/// Every record is counted in exactly one of the three.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Accepted by the output stream, or in the answer of a test run.
    pub published: usize,
    /// Rejected for ever, and set aside.
    pub quarantined: usize,
    /// Left to Lambda to deliver again.
    pub reported: usize,
}

impl Outcomes {
    /// Writes them to the log, one line an invocation.
    pub fn log(&self) {
        let records = self.published + self.quarantined + self.reported;
        let Self { published, quarantined, reported } = self;
        tracing::info!(records, published, quarantined, reported, "batch done");
    }
}
