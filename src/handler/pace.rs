//! How many rows are predicted before the clock is looked at again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// So long may a prediction take: it ends within the margin that is kept for the answer, if it begins before the deadline.
const BUDGET: Duration = Duration::from_millis(200);

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

    /// Takes note of a call which took so long for so many rows.
    pub fn took(&self, time: Duration, rows: usize) {
        let nanoseconds = time.as_nanos() / (rows.max(1) as u128);
        self.0.store(u64::try_from(nanoseconds).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How many rows fit into the budget, one at least.
    pub fn rows(&self) -> usize {
        let rows = BUDGET.as_nanos() / u128::from(self.0.load(Ordering::Relaxed)).max(1);
        usize::try_from(rows).unwrap_or(usize::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_model_gets_few_rows_and_a_fast_one_many() {
        assert_eq!(Pace::of(Duration::from_secs(3), 1).rows(), 1);
        let pace = Pace::of(Duration::from_millis(500), 100);
        assert_eq!(pace.rows(), 40);
        pace.took(Duration::from_millis(1), 1_000);
        assert_eq!(pace.rows(), 200_000);
        pace.took(Duration::ZERO, 0);
        assert!(pace.rows() > 1_000_000);
    }
}
