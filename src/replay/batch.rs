//! A batch of records, sent until it is settled or given up.

use std::cmp::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::error::Undelivered;
use crate::event::compare_sequence_numbers;
use crate::handler::Answer;
use crate::time_limit::TimeLimit;

use super::entry::{Entry, event};
use super::{Replay, Report};

/// Records an event, as event source mappings have it unless told.
const MAX_RECORDS: usize = 100;

/// Bytes of an event's records, unless one has more.
const MAX_BYTES: usize = 4 << 20;

/// How often a batch is sent while nothing of it gets through.
const MAX_TRIES: u32 = 5;

/// How long one try may take.
const TIME: Duration = Duration::from_mins(1);

/// Records of one shard.
#[derive(Default)]
pub struct Batch {
    entries: Vec<Entry>,
    bytes: usize,
}

impl Batch {
    /// Whether the entry can go with those that are there.
    pub fn has_room_for(&self, entry: &Entry) -> bool {
        self.entries.first().is_none_or(|first| {
            self.entries.len() < MAX_RECORDS
                && self.bytes + entry.json.len() <= MAX_BYTES
                && first.shard == entry.shard
        })
    }

    /// Adds an entry.
    pub fn push(&mut self, entry: Entry) {
        self.bytes += entry.json.len();
        self.entries.push(entry);
    }
}

impl Replay {
    /// Sends a batch, and from a record that is reported on again.
    ///
    /// # Errors
    /// When a record is still undelivered after the last try.
    pub(super) async fn send(&self, batch: Batch, report: &mut Report) -> Result<(), Undelivered> {
        let mut open = batch.entries;
        let mut backoff = Backoff::default();
        let mut tries = 0;
        report.records += open.len();
        while !open.is_empty() {
            let failure = self.invoke(&mut open, report).await;
            let Err((settled, undelivered)) = failure else { break };
            if settled {
                tries = 0;
                backoff.reset();
            }
            tries += 1;
            if tries == MAX_TRIES {
                report.undelivered += open.len();
                return Err(undelivered);
            }
            eprintln!("{} records go again: {undelivered}", open.len());
            tokio::time::sleep(backoff.next_wait()).await;
        }
        Ok(())
    }

    /// Invokes the function once. Leaves in `open` what is not settled, and then fails: whether anything was settled, and
    /// why not the rest.
    async fn invoke(&self, open: &mut Vec<Entry>, report: &mut Report) -> Result<(), (bool, Undelivered)> {
        let jsons: Vec<&str> = open.iter().map(|entry| entry.json.as_str()).collect();
        let limit = TimeLimit::at(Instant::now() + TIME);
        let answer = self.handler.handle(&event(&jsons), &limit).await;
        let rejections = self.rejections.take();
        let Answer { batch_item_failures, outcomes, undelivered, .. } =
            answer.map_err(|error| (false, Undelivered { reason: format!("{error:#}") }))?;

        // As Lambda does, from the reported one on everything comes again.
        let reported = batch_item_failures.first().map(|failure| failure.item_identifier.as_str());
        let is_open = |number: &str| {
            reported.is_some_and(|reported| compare_sequence_numbers(number, reported) != Ordering::Less)
        };
        report.published_documents += outcomes.published;
        let mut rejected: Vec<&str> = Vec::new();
        for ((number, reason), documents) in rejections.iter().filter(|((number, _), _)| !is_open(number)) {
            report.reject(reason, *documents);
            rejected.push(number);
        }
        let before = open.len();
        open.retain(|entry| {
            let is_open = is_open(&entry.sequence_number);
            report.rejected += usize::from(!is_open && rejected.contains(&entry.sequence_number.as_str()));
            is_open
        });
        if reported.is_none() {
            return Ok(());
        }
        let reason = || Undelivered { reason: "the function reports a record".to_owned() };
        Err((open.len() < before, undelivered.unwrap_or_else(reason)))
    }
}
