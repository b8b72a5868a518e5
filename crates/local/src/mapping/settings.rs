//! What an event source mapping can be told, under Lambda's names.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>.

use std::time::Duration;

use anyhow::{Result, ensure};
use uuid::Uuid;

/// `BatchSize`'s upper limit for Kinesis, in records.
pub const MAX_BATCH_SIZE: usize = 10_000;
/// `MaximumBatchingWindowInSeconds`' upper limit.
pub const MAX_BATCHING_WINDOW: Duration = Duration::from_mins(5);
/// `MaximumRetryAttempts`' upper limit.
pub const MAX_RETRY_ATTEMPTS: u32 = 10_000;
/// `MaximumRecordAgeInSeconds`' upper limit: seven days.
pub const MAX_RECORD_AGE: Duration = Duration::from_hours(168);

/// Where the mapping begins to read a stream that it has not read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartingPosition {
    /// The oldest record there is.
    TrimHorizon,
    /// The first record put after the mapping has started.
    Latest,
}

/// A mapping's settings. [`Settings::check`] says what is allowed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Most records an invocation gets (`BatchSize`).
    pub batch_size: usize,
    /// How long records are gathered before an invocation (`MaximumBatchingWindowInSeconds`).
    pub batching_window: Duration,
    /// Where to begin (`StartingPosition`).
    pub starting_position: StartingPosition,
    /// Whether a partial response counts (`ReportBatchItemFailures` in `FunctionResponseTypes`).
    pub report_batch_item_failures: bool,
    /// How often the same batch is sent again (`MaximumRetryAttempts`). Lambda's default, for ever, can't be had here.
    pub maximum_retry_attempts: u32,
    /// Older records are given up (`MaximumRecordAgeInSeconds`). Lambda wants at least 60 s; here any time will do, so
    /// that a test need not wait a minute.
    pub maximum_record_age: Duration,
    /// Whether a failed batch is split (`BisectBatchOnFunctionError`).
    pub bisect_batch_on_function_error: bool,
    /// The bucket that gets the records given up (`DestinationConfig.OnFailure`); without one they are only counted.
    pub on_failure_bucket: Option<String>,
    /// The mapping's own id, part of the keys in that bucket.
    pub id: Uuid,
    /// The pause between two reads of a shard that has nothing new. Lambda's base rate is one read a second.
    pub poll_interval: Duration,
    /// The pause between two looks for new shards.
    pub discovery_interval: Duration,
    /// Upper limit of the first retry's random delay; it doubles with every further one. Lambda's is not documented.
    pub retry_delay: Duration,
    /// Upper limit of any retry's delay.
    pub maximum_retry_delay: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch_size: 100,
            batching_window: Duration::ZERO,
            starting_position: StartingPosition::TrimHorizon,
            report_batch_item_failures: true,
            maximum_retry_attempts: 5,
            maximum_record_age: Duration::from_hours(1),
            bisect_batch_on_function_error: true,
            on_failure_bucket: None,
            id: Uuid::new_v4(),
            poll_interval: Duration::from_millis(250),
            discovery_interval: Duration::from_secs(1),
            retry_delay: Duration::from_millis(100),
            maximum_retry_delay: Duration::from_secs(10),
        }
    }
}

impl Settings {
    /// Checks every setting against Lambda's limits.
    ///
    /// # Errors
    /// Names the first setting that is out of its range, its value and the range.
    pub fn check(&self) -> Result<()> {
        let Self { batch_size, batching_window, maximum_retry_attempts, maximum_record_age, .. } = self;
        ensure!(
            (1..=MAX_BATCH_SIZE).contains(batch_size),
            "the batch size is {batch_size}; allowed are 1 to {MAX_BATCH_SIZE} records"
        );
        ensure!(
            *batching_window <= MAX_BATCHING_WINDOW,
            "the batching window is {batching_window:?}; allowed are 0 to {MAX_BATCHING_WINDOW:?}"
        );
        ensure!(
            *maximum_retry_attempts <= MAX_RETRY_ATTEMPTS,
            "the maximum retry attempts are {maximum_retry_attempts}; allowed are 0 to {MAX_RETRY_ATTEMPTS}"
        );
        ensure!(
            (Duration::from_nanos(1)..=MAX_RECORD_AGE).contains(maximum_record_age),
            "the maximum record age is {maximum_record_age:?}; allowed is more than 0 and up to {MAX_RECORD_AGE:?}"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_allowed_and_what_is_beyond_is_named() {
        let good = [
            Settings { batch_size: 1, ..Settings::default() },
            Settings { batch_size: MAX_BATCH_SIZE, ..Settings::default() },
            Settings { batching_window: MAX_BATCHING_WINDOW, ..Settings::default() },
            Settings { maximum_retry_attempts: MAX_RETRY_ATTEMPTS, ..Settings::default() },
            Settings { maximum_record_age: MAX_RECORD_AGE, ..Settings::default() },
        ];
        for settings in good {
            settings.check().unwrap();
        }
        let second = Duration::from_secs(1);
        let bad = [
            (Settings { batch_size: 0, ..Settings::default() }, "batch size is 0"),
            (Settings { batch_size: MAX_BATCH_SIZE + 1, ..Settings::default() }, "batch size is 10001"),
            (
                Settings { batching_window: MAX_BATCHING_WINDOW + second, ..Settings::default() },
                "window is 301s",
            ),
            (Settings { maximum_retry_attempts: MAX_RETRY_ATTEMPTS + 1, ..Settings::default() }, "are 10001"),
            (Settings { maximum_record_age: Duration::ZERO, ..Settings::default() }, "record age is 0ns"),
            (
                Settings { maximum_record_age: MAX_RECORD_AGE + second, ..Settings::default() },
                "record age is 604801s",
            ),
        ];
        for (settings, message) in bad {
            let error = settings.check().unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
