//! How many rows are predicted before the clock is looked at again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// So long may a prediction take: it ends within the margin that is kept for the answer, if it begins before the deadline.
pub const BUDGET: Duration = Duration::from_millis(200);

/// The time a row takes, in nanoseconds, as it was last seen.
#[derive(Debug)]
pub struct Pace(AtomicU64);

impl Pace {
    /// That of a call which took so long for so many rows.
    pub fn of(time: Duration, rows: usize) -> Self {
        let pace = Self(AtomicU64::new(0));
        pace.took(time, rows);
        pace
    }

    /// Takes note of a call which took so long for so many rows: those that the model got, as what is rejected before takes no
    /// time. Rows differ, too, so at its next look a model is at most twice as fast as at this.
    pub fn took(&self, time: Duration, rows: usize) {
        let Some(nanoseconds) = time.as_nanos().checked_div(rows as u128) else { return };
        let nanoseconds = u64::try_from(nanoseconds).unwrap_or(u64::MAX);
        self.0.store(nanoseconds.max(self.0.load(Ordering::Relaxed) / 2), Ordering::Relaxed);
    }

    /// How many rows fit into a time, one at least.
    pub fn rows(&self, time: Duration) -> usize {
        let rows = time.as_nanos() / u128::from(self.0.load(Ordering::Relaxed)).max(1);
        usize::try_from(rows).unwrap_or(usize::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_model_gets_few_rows_and_a_fast_one_many() {
        assert_eq!(Pace::of(Duration::from_secs(3), 1).rows(BUDGET), 1);
        let pace = Pace::of(Duration::from_millis(500), 100);
        assert_eq!(pace.rows(BUDGET), 40);
        assert_eq!(pace.rows(BUDGET / 2), 20);
        pace.took(Duration::from_millis(2), 1);
        assert_eq!(pace.rows(BUDGET), 80);
        pace.took(Duration::from_millis(500), 100);
        assert_eq!(pace.rows(BUDGET), 40);
    }

    #[test]
    fn what_never_reached_the_model_says_nothing_of_it() {
        let pace = Pace::of(Duration::from_millis(500), 100);
        pace.took(Duration::from_micros(10), 0);
        assert_eq!(pace.rows(BUDGET), 40);
    }
}
