//! The settings of an event source mapping, under Lambda's names.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>.

use std::time::Duration;

use anyhow::{Result, ensure};
use uuid::Uuid;

/// Largest `BatchSize` for Kinesis, in records.
pub const MAX_BATCH_SIZE: usize = 10_000;
/// Largest `MaximumBatchingWindowInSeconds`.
pub const MAX_BATCHING_WINDOW: Duration = Duration::from_mins(5);
/// Largest `MaximumRetryAttempts`.
pub const MAX_RETRY_ATTEMPTS: u32 = 10_000;
/// Largest `MaximumRecordAgeInSeconds`, seven days.
pub const MAX_RECORD_AGE: Duration = Duration::from_hours(168);

/// The place where a mapping begins to read a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartingPosition {
    /// The oldest record in the stream.
    TrimHorizon,
    /// The first record that is put after the mapping started.
    Latest,
}

/// A mapping's settings. [`Settings::check`] knows their ranges.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Largest number of records in an invocation (`BatchSize`).
    pub batch_size: usize,
    /// Time to gather records before an invocation (`MaximumBatchingWindowInSeconds`).
    pub batching_window: Duration,
    /// The place to begin at (`StartingPosition`).
    pub starting_position: StartingPosition,
    /// Whether a partial response counts (`ReportBatchItemFailures` in `FunctionResponseTypes`).
    pub report_batch_item_failures: bool,
    /// Number of times the same batch is sent again (`MaximumRetryAttempts`). Lambda's default, forever, is
    /// not offered.
    pub maximum_retry_attempts: u32,
    /// Age at which records are given up (`MaximumRecordAgeInSeconds`). Lambda expects at least 60 s. Shorter
    /// ages work here, so that tests need not wait a minute.
    pub maximum_record_age: Duration,
    /// Whether to split a failed batch (`BisectBatchOnFunctionError`).
    pub bisect_batch_on_function_error: bool,
    /// The bucket for the records that are given up (`DestinationConfig.OnFailure`). Without one they are
    /// only counted.
    pub on_failure_bucket: Option<String>,
    /// The mapping's id, a part of the keys in that bucket.
    pub id: Uuid,
    /// Pause between two reads of a shard that has nothing new. Lambda reads once a second.
    pub poll_interval: Duration,
    /// Pause between two searches for new shards.
    pub discovery_interval: Duration,
    /// Longest delay of the first retry. It doubles with every further retry. Lambda does not document its
    /// own.
    pub retry_delay: Duration,
    /// Longest delay of any retry.
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
    /// When a setting is out of range. The message names the setting, its value and the range.
    pub fn check(&self) -> Result<()> {
        let Self { batch_size, batching_window, maximum_retry_attempts, maximum_record_age, .. } = self;
        ensure!(
            (1..=MAX_BATCH_SIZE).contains(batch_size),
            "expected a batch size of 1 to {MAX_BATCH_SIZE} records, found {batch_size}"
        );
        ensure!(
            *batching_window <= MAX_BATCHING_WINDOW,
            "expected a batching window of 0 s to {MAX_BATCHING_WINDOW:?}, found {batching_window:?}"
        );
        ensure!(
            *maximum_retry_attempts <= MAX_RETRY_ATTEMPTS,
            "expected 0 to {MAX_RETRY_ATTEMPTS} retry attempts at most, found {maximum_retry_attempts}"
        );
        ensure!(
            (Duration::from_nanos(1)..=MAX_RECORD_AGE).contains(maximum_record_age),
            "expected a maximum record age above 0 s and up to {MAX_RECORD_AGE:?}, found {maximum_record_age:?}"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_accepted_and_values_beyond_them_are_named() {
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
            (Settings { batch_size: 0, ..Settings::default() }, "1 to 10000 records, found 0"),
            (
                Settings { batch_size: MAX_BATCH_SIZE + 1, ..Settings::default() },
                "1 to 10000 records, found 10001",
            ),
            (
                Settings { batching_window: MAX_BATCHING_WINDOW + second, ..Settings::default() },
                "batching window of 0 s to 300s, found 301s",
            ),
            (
                Settings { maximum_retry_attempts: MAX_RETRY_ATTEMPTS + 1, ..Settings::default() },
                "retry attempts at most, found 10001",
            ),
            (
                Settings { maximum_record_age: Duration::ZERO, ..Settings::default() },
                "up to 604800s, found 0ns",
            ),
            (
                Settings { maximum_record_age: MAX_RECORD_AGE + second, ..Settings::default() },
                "up to 604800s, found 604801s",
            ),
        ];
        for (settings, message) in bad {
            let error = settings.check().unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
