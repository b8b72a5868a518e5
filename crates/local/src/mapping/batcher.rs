//! Decides which of the records read so far form the next batch, and when.
//!
//! A batch is due in four cases: it is full, the next record would make the event larger than 6 MB, the
//! batching window is over, or the shard has ended. The next window begins when the invocation is done.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html>.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::event::{EventRecord, event_bytes};
use crate::runtime_api::MAX_PAYLOAD_BYTES;

/// Holds the records of one shard that were read and are not in a batch yet, in order.
#[derive(Debug)]
pub struct Batcher {
    batch_size: usize,
    window: Duration,
    window_start: Instant,
    waiting: VecDeque<EventRecord>,
    /// The size of the waiting records, with a comma after each.
    waiting_bytes: usize,
}

impl Batcher {
    /// Creates an empty batcher whose first window begins `now`.
    #[must_use]
    pub fn new(batch_size: usize, window: Duration, now: Instant) -> Self {
        Self { batch_size, window, window_start: now, waiting: VecDeque::new(), waiting_bytes: 0 }
    }

    /// Returns how many records may still be read. It is 0 once there is enough for a batch, which bounds
    /// memory.
    #[must_use]
    pub fn room(&self) -> usize {
        let bytes = event_bytes(&[]) + self.waiting_bytes;
        if bytes > MAX_PAYLOAD_BYTES { 0 } else { self.batch_size.saturating_sub(self.waiting.len()) }
    }

    /// Adds a record after the others.
    pub fn push(&mut self, record: EventRecord) {
        self.waiting_bytes += record.bytes() + 1;
        self.waiting.push_back(record);
    }

    /// Returns whether no record waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes the next batch, if one is due. A record too large for any event forms a batch alone.
    ///
    /// `ended` says that the shard has no more records.
    pub fn take(&mut self, now: Instant, ended: bool) -> Option<Vec<EventRecord>> {
        let window_is_over = now.duration_since(self.window_start) >= self.window;
        if self.is_empty() {
            if window_is_over {
                self.window_start = now;
            }
            return None;
        }
        let mut bytes = event_bytes(&[]);
        let mut count = 0;
        for record in self.waiting.iter().take(self.batch_size) {
            bytes += record.bytes() + usize::from(count > 0);
            if bytes > MAX_PAYLOAD_BYTES && count > 0 {
                break;
            }
            count += 1;
        }
        let full = self.room() == 0 || count < self.waiting.len();
        if !(full || window_is_over || ended) {
            return None;
        }
        let batch = self.waiting.drain(..count).collect::<Vec<_>>();
        self.waiting_bytes -= batch.iter().map(|record| record.bytes() + 1).sum::<usize>();
        Some(batch)
    }

    /// Begins the next window. Call it when the invocation is done.
    pub fn restart_window(&mut self, now: Instant) {
        self.window_start = now;
    }

    /// Returns the time until the window is over.
    #[must_use]
    pub fn time_left(&self, now: Instant) -> Duration {
        self.window.saturating_sub(now.duration_since(self.window_start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);

    fn batcher(batch_size: usize, window: Duration, sizes: &[usize]) -> (Batcher, Instant) {
        let now = Instant::now();
        let mut batcher = Batcher::new(batch_size, window, now);
        for (index, bytes) in sizes.iter().enumerate() {
            batcher.push(EventRecord::bare(&index.to_string(), 0, *bytes));
        }
        (batcher, now)
    }

    fn numbers(batch: Option<Vec<EventRecord>>) -> Option<Vec<String>> {
        batch.map(|batch| batch.into_iter().map(|record| record.sequence_number).collect())
    }

    #[test]
    fn without_a_window_records_go_immediately() {
        let (mut batcher, now) = batcher(10, Duration::ZERO, &[1, 1]);
        assert_eq!(numbers(batcher.take(now, false)).unwrap(), ["0", "1"]);
        assert!(batcher.take(now, false).is_none());
    }

    #[test]
    fn a_window_gathers_records_until_it_is_over() {
        let (mut batcher, now) = batcher(10, WINDOW, &[1]);
        assert!(batcher.take((now + WINDOW).checked_sub(Duration::from_millis(1)).unwrap(), false).is_none());
        assert_eq!(batcher.time_left(now + Duration::from_secs(4)), Duration::from_secs(6));
        assert_eq!(numbers(batcher.take(now + WINDOW, false)).unwrap(), ["0"]);
    }

    #[test]
    fn an_empty_window_is_followed_by_the_next_one() {
        let (mut batcher, now) = batcher(10, WINDOW, &[]);
        assert!(batcher.take(now + WINDOW, false).is_none());
        batcher.push(EventRecord::bare("0", 0, 1));
        assert!(
            batcher.take((now + WINDOW * 2).checked_sub(Duration::from_millis(1)).unwrap(), false).is_none()
        );
        assert!(batcher.take(now + WINDOW * 2, false).is_some());
    }

    #[test]
    fn a_full_batch_does_not_wait() {
        let (mut batcher, now) = batcher(2, WINDOW, &[1, 1]);
        assert_eq!(batcher.room(), 0);
        assert_eq!(numbers(batcher.take(now, false)).unwrap(), ["0", "1"]);
        assert_eq!(batcher.room(), 2);
    }

    #[test]
    fn the_end_of_the_shard_does_not_wait() {
        let (mut batcher, now) = batcher(10, WINDOW, &[1]);
        assert!(batcher.take(now, true).is_some());
    }

    #[test]
    fn an_event_of_exactly_the_limit_fits_and_one_byte_more_does_not() {
        let frame = event_bytes(&[]);
        let half = (MAX_PAYLOAD_BYTES - frame - 1) / 2;
        let rest = MAX_PAYLOAD_BYTES - frame - 1 - half;
        let (mut exact, now) = batcher(10, Duration::ZERO, &[half, rest]);
        assert_eq!(numbers(exact.take(now, false)).unwrap(), ["0", "1"]);
        let (mut over, now) = batcher(10, WINDOW, &[half, rest + 1, 1]);
        assert_eq!(over.room(), 0);
        assert_eq!(numbers(over.take(now, false)).unwrap(), ["0"]);
        assert!(over.take(now, false).is_none(), "the rest waits for the window");
    }

    #[test]
    fn a_record_too_large_for_any_event_comes_alone() {
        let (mut batcher, now) = batcher(10, WINDOW, &[MAX_PAYLOAD_BYTES, 1]);
        assert_eq!(numbers(batcher.take(now, false)).unwrap(), ["0"]);
    }
}
