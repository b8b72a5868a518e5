//! How many documents are scored before the clock is read again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The time per document, in nanoseconds, of the latest calls.
#[derive(Debug, Default)]
pub struct Pace(AtomicU64);

impl Pace {
    /// Notes that `documents` took `time`. Documents differ, so the time for each falls at most by half from call to
    /// call. It does not fall with documents that were rejected before they reached the model.
    pub fn took(&self, time: Duration, documents: usize, reached_the_model: bool) {
        let Some(nanoseconds) = time.as_nanos().checked_div(documents as u128) else { return };
        let nanoseconds = u64::try_from(nanoseconds).unwrap_or(u64::MAX);
        let before = self.0.load(Ordering::Relaxed);
        let least = if reached_the_model { before / 2 } else { before };
        self.0.store(nanoseconds.max(least), Ordering::Relaxed);
    }

    /// How many documents fit into a time, at least one.
    pub fn documents(&self, time: Duration) -> usize {
        let documents = time.as_nanos() / u128::from(self.0.load(Ordering::Relaxed)).max(1);
        usize::try_from(documents).unwrap_or(usize::MAX).max(1)
    }

    /// The time that documents take.
    pub fn time(&self, documents: usize) -> Duration {
        let each = self.0.load(Ordering::Relaxed);
        Duration::from_nanos(each.saturating_mul(u64::try_from(documents).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Duration = Duration::from_millis(200);

    fn pace(time: Duration, documents: usize) -> Pace {
        let pace = Pace::default();
        pace.took(time, documents, true);
        pace
    }

    #[test]
    fn a_slow_model_gets_few_documents_and_a_fast_one_many() {
        assert_eq!(pace(Duration::from_secs(3), 1).documents(CALL), 1);
        let pace = pace(Duration::from_millis(500), 100);
        assert_eq!(pace.documents(CALL), 40);
        assert_eq!(pace.documents(CALL / 2), 20);
        assert_eq!(pace.time(40), CALL);
        pace.took(Duration::from_millis(2), 1, true);
        assert_eq!(pace.documents(CALL), 80);
        pace.took(Duration::from_millis(500), 100, true);
        assert_eq!(pace.documents(CALL), 40);
    }

    #[test]
    fn rejected_documents_count_only_if_they_take_longer() {
        let pace = pace(Duration::from_millis(500), 100);
        pace.took(Duration::from_micros(10), 100, false);
        assert_eq!(pace.documents(CALL), 40);
        pace.took(Duration::from_secs(1), 100, false);
        assert_eq!(pace.documents(CALL), 20);
    }
}
