//! How many rows are scored before the clock is read again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The longest that one call may take. A call that begins before the deadline then ends within the margin that is kept
/// for the answer.
pub const BUDGET: Duration = Duration::from_millis(200);

/// The time per row, in nanoseconds, of the latest call.
#[derive(Debug)]
pub struct RowBudget(AtomicU64);

impl RowBudget {
    /// Starts from a call that took `time` for `rows`.
    pub fn of(time: Duration, rows: usize) -> Self {
        let budget = Self(AtomicU64::new(0));
        budget.took(time, rows);
        budget
    }

    /// Notes that a call took `time` for the `rows` that reached the model; documents rejected before it take no time.
    /// Rows differ, so the time per row falls at most by half from call to call.
    pub fn took(&self, time: Duration, rows: usize) {
        let Some(nanoseconds) = time.as_nanos().checked_div(rows as u128) else { return };
        let nanoseconds = u64::try_from(nanoseconds).unwrap_or(u64::MAX);
        self.0.store(nanoseconds.max(self.0.load(Ordering::Relaxed) / 2), Ordering::Relaxed);
    }

    /// How many rows fit into a time, at least one.
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
        assert_eq!(RowBudget::of(Duration::from_secs(3), 1).rows(BUDGET), 1);
        let budget = RowBudget::of(Duration::from_millis(500), 100);
        assert_eq!(budget.rows(BUDGET), 40);
        assert_eq!(budget.rows(BUDGET / 2), 20);
        budget.took(Duration::from_millis(2), 1);
        assert_eq!(budget.rows(BUDGET), 80);
        budget.took(Duration::from_millis(500), 100);
        assert_eq!(budget.rows(BUDGET), 40);
    }

    #[test]
    fn rejected_documents_do_not_change_the_time_per_row() {
        let budget = RowBudget::of(Duration::from_millis(500), 100);
        budget.took(Duration::from_micros(10), 0);
        assert_eq!(budget.rows(BUDGET), 40);
    }
}
