//! What became of the documents of an invocation, in numbers.

/// Counts of documents. Each document is counted once. A record that was not unpacked counts as one document.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outcomes {
    /// Accepted by every sink.
    pub published: usize,
    /// Rejected for ever, and stored by the quarantine.
    pub quarantined: usize,
    /// Left to be delivered again.
    pub reported: usize,
    /// The longest time, in seconds, from an event until its record arrived. It is known only where the serving spec
    /// has an `event_time`.
    pub lateness: Option<f64>,
}

impl Outcomes {
    /// Notes how late a document came.
    pub fn came_late(&mut self, lateness: Option<f64>) {
        self.lateness = self.lateness.into_iter().chain(lateness).reduce(f64::max);
    }

    /// Adds the counts of another lane.
    pub fn add(&mut self, other: &Self) {
        self.published += other.published;
        self.quarantined += other.quarantined;
        self.reported += other.reported;
        self.came_late(other.lateness);
    }

    /// Writes the counts to the log: one line per invocation.
    pub fn log(&self) {
        let records = self.published + self.quarantined + self.reported;
        let Self { published, quarantined, reported, lateness } = self;
        tracing::info!(records, published, quarantined, reported, lateness, "batch done");
    }
}
