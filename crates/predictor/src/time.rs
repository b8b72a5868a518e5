//! The time and the memory that scoring may take.

use std::time::Duration;

use limits::Clock;

/// What a call of [`Predictor::score_within`](crate::Predictor::score_within) may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Scoring stops when it is over. Documents that were not reached have no outcome.
    pub clock: Clock,
    /// About how long a call may take. No more documents are begun after it.
    pub call: Duration,
    /// The time that one document may take. It is rejected if it takes longer.
    pub document: Duration,
    /// The bytes of results after which no more documents are begun.
    pub results: usize,
}

/// A document may take this part of the time that there is for a batch.
const PART: u32 = 8;

/// A document may always take so long: a machine may stand still for a while.
const LEAST: Duration = Duration::from_secs(1);

/// The most that [`PART`] gives. Batches would otherwise wait for minutes for a document that takes hours.
const MOST: Duration = Duration::from_secs(10);

impl Limits {
    /// No limits: a document may take any time.
    #[must_use]
    pub fn none() -> Self {
        Self { clock: Clock::unlimited(), call: Duration::MAX, document: Duration::MAX, results: usize::MAX }
    }

    /// The limits for a batch: it ends with the clock, and a call takes about `call`. A document may take an eighth of
    /// the time that is left, or ten times as long as is `usual` for the model, up to half of the time that is
    /// left; at least 1 s.
    #[must_use]
    pub fn of_batch(clock: Clock, call: Duration, usual: Duration) -> Self {
        let left = clock.left().unwrap_or(Duration::MAX);
        let document = (left / PART).min(MOST).max(usual.saturating_mul(10).min(left / 2)).max(LEAST);
        Self { clock, call, document, results: usize::MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_may_take_a_part_of_the_time_and_slow_models_get_more() {
        let second = Duration::from_secs(1);
        let document = |left: u32, usual| {
            let clock = Clock::unlimited().within(left * second);
            Limits::of_batch(clock, second, usual).document.as_millis().div_ceil(1_000)
        };
        let quick = Duration::from_millis(1);
        assert_eq!([0, 5, 40, 800].map(|left| document(left, quick)), [1, 1, 5, 10]);
        assert_eq!([40, 60].map(|left| document(left, 3 * second)), [20, 30]);
        assert_eq!(Limits::of_batch(Clock::unlimited(), second, quick).document, MOST);
    }
}
