//! Decides what happens to a batch after an invocation. Takes values and returns values.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>. It leaves two
//! points open, which follow Lambda's observed behaviour. Only sending the *same* batch again uses up a
//! retry, so a shorter batch starts anew. When a partial response names the first record, a mapping that may
//! bisect halves the batch. Without bisection, a batch whose retries are used up is given up as a whole, with
//! the healthy records behind the bad one.

use std::time::Duration;

use aws_sdk_kinesis::primitives::DateTime;

use super::event::EventRecord;
use super::response::Outcome;

/// The settings for failed batches.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Number of times the same batch is sent again.
    pub maximum_retry_attempts: u32,
    /// Age at which records are given up.
    pub maximum_record_age: Duration,
    /// Whether to split failed batches.
    pub bisect: bool,
}

/// The next step for a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The batch is done.
    Finish,
    /// The records before the index are done. The rest is a new batch.
    GoOnFrom(usize),
    /// Split into two new batches. The second begins at this index.
    Halve(usize),
    /// Send the same batch again.
    Retry,
    /// Send the whole batch to the on-failure destination.
    GiveUp,
}

impl Policy {
    /// Decides about a batch of `len` records that was retried `retries` times.
    #[must_use]
    pub fn decide(&self, outcome: Outcome, len: usize, retries: u32) -> Decision {
        match outcome {
            Outcome::Done => Decision::Finish,
            Outcome::FailedFrom(index) if index > 0 => Decision::GoOnFrom(index),
            Outcome::FailedFrom(_) | Outcome::Failed if self.bisect && len > 1 => Decision::Halve(len / 2),
            Outcome::FailedFrom(_) | Outcome::Failed if retries < self.maximum_retry_attempts => {
                Decision::Retry
            }
            Outcome::FailedFrom(_) | Outcome::Failed => Decision::GiveUp,
        }
    }

    /// Counts the records at the front of the batch that are too old to send. A shard's records are in the
    /// order of their arrival, so the rest is younger.
    #[must_use]
    pub fn expired(&self, batch: &[EventRecord], now: DateTime) -> usize {
        let limit = now.as_secs_f64() - self.maximum_record_age.as_secs_f64();
        batch.iter().take_while(|record| record.arrived.as_secs_f64() < limit).count()
    }
}

/// The limits of the delay before a retry.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// Longest first delay.
    pub first: Duration,
    /// Longest delay of all.
    pub most: Duration,
}

impl Backoff {
    /// Returns a delay between half of the limit and the limit. The limit doubles with every failure.
    /// `random` is from 0 to 1.
    ///
    /// The fixed half means that no retry is immediate. The random half keeps shards from retrying in step.
    #[must_use]
    pub fn delay(&self, failures: u32, random: f64) -> Duration {
        let limit =
            self.first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(self.most);
        limit.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Policy =
        Policy { maximum_retry_attempts: 2, maximum_record_age: Duration::from_mins(1), bisect: false };
    const BISECT: Policy = Policy { bisect: true, ..PLAIN };

    #[test]
    fn success_finishes_the_batch() {
        assert_eq!(PLAIN.decide(Outcome::Done, 5, 2), Decision::Finish);
        assert_eq!(BISECT.decide(Outcome::Done, 5, 0), Decision::Finish);
    }

    #[test]
    fn a_failed_batch_is_retried_until_the_retries_are_used_up() {
        for outcome in [Outcome::Failed, Outcome::FailedFrom(0)] {
            assert_eq!(PLAIN.decide(outcome, 5, 0), Decision::Retry);
            assert_eq!(PLAIN.decide(outcome, 5, 1), Decision::Retry);
            assert_eq!(PLAIN.decide(outcome, 5, 2), Decision::GiveUp);
        }
        let never = Policy { maximum_retry_attempts: 0, ..PLAIN };
        assert_eq!(never.decide(Outcome::Failed, 1, 0), Decision::GiveUp);
    }

    #[test]
    fn progress_is_never_lost_and_never_costs_a_retry() {
        for policy in [PLAIN, BISECT] {
            assert_eq!(policy.decide(Outcome::FailedFrom(3), 5, 2), Decision::GoOnFrom(3));
        }
    }

    #[test]
    fn bisection_halves_until_one_record_is_left_which_is_then_retried() {
        for outcome in [Outcome::Failed, Outcome::FailedFrom(0)] {
            assert_eq!(BISECT.decide(outcome, 5, 2), Decision::Halve(2));
            assert_eq!(BISECT.decide(outcome, 2, 0), Decision::Halve(1));
            assert_eq!(BISECT.decide(outcome, 1, 1), Decision::Retry);
            assert_eq!(BISECT.decide(outcome, 1, 2), Decision::GiveUp);
        }
    }

    #[test]
    fn whatever_the_function_answers_every_batch_comes_to_an_end() {
        let mut random = fastrand::Rng::with_seed(7);
        for case in 0_u64..2_000 {
            let policy = if case % 2 == 0 { PLAIN } else { BISECT };
            let mut batches = vec![(random.usize(1..50), 0)];
            let (mut settled, all, mut invocations) = (0, batches[0].0, 0);
            while let Some((len, retries)) = batches.pop() {
                invocations += 1;
                let outcome = match random.u8(0..4) {
                    0 => Outcome::Done,
                    1 => Outcome::FailedFrom(random.usize(0..len)),
                    _ => Outcome::Failed,
                };
                match policy.decide(outcome, len, retries) {
                    Decision::Finish | Decision::GiveUp => settled += len,
                    Decision::GoOnFrom(index) => {
                        settled += index;
                        batches.push((len - index, 0));
                    }
                    Decision::Halve(index) => batches.extend([(len - index, 0), (index, 0)]),
                    Decision::Retry => batches.push((len, retries + 1)),
                }
            }
            assert_eq!(settled, all);
            // Each record can be split off once, and then sent three times.
            assert!(invocations <= 6 * all, "{invocations} for {all}");
        }
    }

    #[test]
    fn only_the_old_front_of_a_batch_expires() {
        let batch = [100, 110, 111, 170].map(|arrived| EventRecord::bare("1", arrived, 1));
        assert_eq!(PLAIN.expired(&batch, DateTime::from_secs(170)), 1);
        assert_eq!(PLAIN.expired(&batch, DateTime::from_secs(160)), 0);
        assert_eq!(PLAIN.expired(&batch, DateTime::from_secs(1000)), 4);
    }

    #[test]
    fn delays_double_up_to_their_limit_and_are_never_zero() {
        let backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(1) };
        assert_eq!(backoff.delay(1, 0.0), Duration::from_millis(50));
        assert_eq!(backoff.delay(1, 1.0), Duration::from_millis(100));
        assert_eq!(backoff.delay(3, 1.0), Duration::from_millis(400));
        assert_eq!(backoff.delay(9, 1.0), Duration::from_secs(1));
        assert_eq!(backoff.delay(u32::MAX, 0.0), Duration::from_millis(500));
        assert_eq!(backoff.delay(0, 1.0), Duration::from_millis(100));
    }
}
