//! The loop over one shard: read, batch, invoke, and act on the answer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_kinesis::primitives::DateTime;
use tokio::sync::watch;

use super::Invoke;
use super::batcher::Batcher;
use super::dead_letter::{self, Condition, GivenUp};
use super::decision::{Backoff, Decision, Policy};
use super::event::{EventRecord, event, event_bytes};
use super::response::outcome;
use super::settings::Settings;
use super::source::ShardReader;
use super::statistics::{Counts, Ledger};
use crate::runtime_api::{Answer, MAX_PAYLOAD_BYTES};

/// Number of attempts to reach the on-failure destination. After that the batch is only counted.
const DESTINATION_ATTEMPTS: u32 = 5;

/// The values that all shards of a mapping share.
pub(super) struct Shared<I> {
    pub(super) settings: Settings,
    pub(super) s3: Option<aws_sdk_s3::Client>,
    pub(super) invoker: Arc<I>,
    pub(super) ledger: Ledger,
}

/// A batch that is being settled.
struct Batch {
    records: Vec<EventRecord>,
    /// Number of times this same batch was sent again.
    retries: u32,
    /// Number of times its records were sent, in this batch or a longer one.
    invocations: u32,
}

/// One shard's worker.
pub(super) struct ShardWorker<I> {
    pub(super) shared: Arc<Shared<I>>,
    pub(super) reader: ShardReader,
    pub(super) stopped: watch::Receiver<bool>,
}

impl<I: Invoke> ShardWorker<I> {
    /// Runs until the shard ends and returns its id, or until the mapping is stopped and returns none.
    pub(super) async fn run(mut self) -> Option<String> {
        let settings = &self.shared.settings;
        let (poll_interval, batch_size) = (settings.poll_interval, settings.batch_size);
        let mut batcher = Batcher::new(batch_size, settings.batching_window, Instant::now());
        let mut ended = false;
        let mut failures = 0;
        while !self.is_stopped() {
            let room = batcher.room();
            let mut more = false;
            if room > 0 && !ended {
                match self.reader.read(room).await {
                    Ok(read) => {
                        failures = 0;
                        ended = read.ended;
                        more = read.records.len() == room;
                        self.count(Counts { received: read.records.len() as u64, ..Counts::default() });
                        read.records.into_iter().for_each(|record| batcher.push(record));
                    }
                    Err(error) => {
                        failures += 1;
                        tracing::warn!(shard = self.shard(), error = format!("{error:#}"), "reading failed");
                        self.pause(self.backoff().delay(failures, fastrand::f64())).await;
                        continue;
                    }
                }
            }
            if let Some(records) = batcher.take(Instant::now(), ended) {
                if !self.process(records).await {
                    return None;
                }
                batcher.restart_window(Instant::now());
            } else if ended {
                return Some(self.shard().to_owned());
            } else if !more {
                let time_left = batcher.time_left(Instant::now());
                let wait_for_window = !batcher.is_empty() && time_left < poll_interval;
                self.pause(if wait_for_window { time_left } else { poll_interval }).await;
            }
        }
        None
    }

    /// Settles all records of a batch, in order. Returns false if the mapping is stopped before.
    async fn process(&mut self, records: Vec<EventRecord>) -> bool {
        let policy = self.policy();
        let mut batches = VecDeque::from([Batch { records, retries: 0, invocations: 0 }]);
        let mut failures = 0;
        let mut last_answer = None;
        while let Some(mut batch) = batches.pop_front() {
            if self.is_stopped() {
                return false;
            }
            let now = DateTime::from(SystemTime::now());
            let young = batch.records.split_off(policy.expired(&batch.records, now));
            let old = std::mem::replace(&mut batch.records, young);
            self.give_up(&old, Condition::RecordAgeExceeded, batch.invocations, last_answer.as_ref()).await;
            if batch.records.is_empty() {
                continue;
            }
            if event_bytes(&batch.records) > MAX_PAYLOAD_BYTES {
                self.give_up(&batch.records, Condition::PayloadTooLarge, batch.invocations, None).await;
                continue;
            }
            let Some(answer) = self.invoke(&batch, failures).await else {
                // The function did not fail, so this uses up no retry. The records' age ends it.
                failures += 1;
                self.pause(self.backoff().delay(failures, fastrand::f64())).await;
                batches.push_front(batch);
                continue;
            };
            batch.invocations += 1;
            let report = self.shared.settings.report_batch_item_failures;
            let outcome = outcome(&answer, &batch.records, report);
            let decision = policy.decide(outcome, batch.records.len(), batch.retries);
            failures = if decision == Decision::Finish { 0 } else { failures + 1 };
            self.apply(decision, batch, &mut batches, &answer).await;
            if matches!(decision, Decision::Retry | Decision::GoOnFrom(_)) {
                self.pause(self.backoff().delay(failures, fastrand::f64())).await;
            }
            last_answer = Some(answer);
        }
        true
    }

    async fn apply(&self, decision: Decision, batch: Batch, batches: &mut VecDeque<Batch>, answer: &Answer) {
        let Batch { mut records, retries, invocations } = batch;
        match decision {
            Decision::Finish => self.delivered(records.len()),
            Decision::GoOnFrom(index) => {
                self.delivered(index);
                let records = records.split_off(index);
                batches.push_front(Batch { records, retries: 0, invocations });
            }
            Decision::Halve(index) => {
                let second = records.split_off(index);
                batches.push_front(Batch { records: second, retries: 0, invocations });
                batches.push_front(Batch { records, retries: 0, invocations });
            }
            Decision::Retry => batches.push_front(Batch { records, retries: retries + 1, invocations }),
            Decision::GiveUp => {
                self.give_up(&records, Condition::RetryAttemptsExhausted, invocations, Some(answer)).await;
            }
        }
    }

    /// Invokes the function once. Returns none if it cannot be invoked at all.
    async fn invoke(&self, batch: &Batch, failures: u32) -> Option<Answer> {
        let answer = match self.shared.invoker.invoke(event(&batch.records)).await {
            Ok(answer) => answer,
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(shard = self.shard(), failures, error, "cannot invoke the function");
                return None;
            }
        };
        let again = u64::from(batch.invocations > 0);
        let records = batch.records.len() as u64;
        self.count(Counts { invocations: 1, retries: again, retried: again * records, ..Counts::default() });
        match &answer {
            Answer::Response(_) => {}
            Answer::FunctionError { kind, message } => {
                tracing::warn!(shard = self.shard(), records, kind, message, "the function failed");
            }
            Answer::TimedOut(after) => {
                tracing::warn!(shard = self.shard(), records, ?after, "the function timed out");
            }
            Answer::Crashed(why) => {
                tracing::warn!(shard = self.shard(), records, why, "the function crashed");
            }
        }
        Some(answer)
    }

    async fn give_up(
        &self,
        records: &[EventRecord],
        condition: Condition,
        invocations: u32,
        answer: Option<&Answer>,
    ) {
        if records.is_empty() {
            return;
        }
        let given_up =
            GivenUp { origin: self.reader.origin(), records, condition, invocations, last_answer: answer };
        let count = records.len() as u64;
        tracing::warn!(shard = self.shard(), records = count, ?condition, "records given up");
        let undelivered = if self.send(&given_up).await { 0 } else { count };
        self.count(Counts { discarded: count, undelivered, ..Counts::default() });
    }

    /// Sends the batch to the destination. Returns true if it accepted the batch, or if there is no
    /// destination.
    async fn send(&self, given_up: &GivenUp<'_>) -> bool {
        let Some((s3, bucket)) = self.shared.s3.as_ref().zip(self.shared.settings.on_failure_bucket.as_ref())
        else {
            return true;
        };
        for attempt in 1..=DESTINATION_ATTEMPTS {
            let Err(error) = dead_letter::send(s3, bucket, self.shared.settings.id, given_up).await else {
                return true;
            };
            tracing::error!(
                shard = self.shard(),
                attempt,
                error = format!("{error:#}"),
                "the destination failed"
            );
            tokio::time::sleep(self.backoff().delay(attempt, fastrand::f64())).await;
        }
        false
    }

    fn policy(&self) -> Policy {
        let Settings { maximum_retry_attempts, maximum_record_age, bisect_batch_on_function_error, .. } =
            self.shared.settings;
        Policy { maximum_retry_attempts, maximum_record_age, bisect: bisect_batch_on_function_error }
    }

    fn backoff(&self) -> Backoff {
        Backoff { first: self.shared.settings.retry_delay, most: self.shared.settings.maximum_retry_delay }
    }

    fn delivered(&self, records: usize) {
        self.count(Counts { delivered: records as u64, ..Counts::default() });
    }

    fn count(&self, counts: Counts) {
        self.shared.ledger.add(self.shard(), counts);
    }

    fn shard(&self) -> &str {
        &self.reader.origin().shard
    }

    fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    /// Waits, unless the mapping is stopped.
    async fn pause(&mut self, time: Duration) {
        let _ = tokio::time::timeout(time, self.stopped.wait_for(|stopped| *stopped)).await;
    }
}
