//! A batch of records of one lane, handled until it is settled or given up.

use std::collections::HashSet;
use std::time::Duration;

use predictor::plain_text;
use tokio::time::Instant;

use crate::aws::{Backoff, TimeLimit};
use crate::failure::Undelivered;
use crate::record::Record;

use super::{Replay, Report};

/// Records per batch: the default of an event source mapping.
const MAX_RECORDS: usize = 100;

/// Bytes of a batch's payloads, unless one record has more.
const MAX_BYTES: usize = 4 << 20;

/// How often a batch is handled while none of it gets through.
const MAX_TRIES: u32 = 5;

/// How long one try may take.
const TIME: Duration = Duration::from_mins(1);

/// Records of one lane.
#[derive(Default)]
pub struct Batch<'a> {
    records: Vec<Record<'a>>,
    bytes: usize,
}

impl<'a> Batch<'a> {
    /// Whether the record can go with those that are there.
    pub fn has_room_for(&self, record: &Record<'_>) -> bool {
        self.records.first().is_none_or(|first| {
            self.records.len() < MAX_RECORDS
                && self.bytes + record.bytes() <= MAX_BYTES
                && first.origin.is_same_lane(&record.origin)
        })
    }

    /// Adds a record.
    pub fn push(&mut self, record: Record<'a>) {
        self.bytes += record.bytes();
        self.records.push(record);
    }
}

impl Replay {
    /// Handles a batch, and the records after a failure again.
    ///
    /// # Errors
    /// When a record is still undelivered after the last try.
    pub(super) async fn send(&self, batch: Batch<'_>, report: &mut Report) -> Result<(), Undelivered> {
        let mut records = batch.records;
        crate::doors::kinesis::sort(&mut records);
        report.records += records.len();
        let mut open = records.as_slice();
        let mut backoff = Backoff::default();
        let mut tries = 0;
        while !open.is_empty() {
            let (settled, undelivered) = self.try_once(open, report).await;
            open = &open[settled..];
            let Some(undelivered) = undelivered else { break };
            if settled > 0 {
                tries = 0;
                backoff.reset();
            }
            tries += 1;
            if tries == MAX_TRIES {
                report.undelivered += open.len();
                return Err(undelivered);
            }
            eprintln!("{} records are tried again: {}", open.len(), plain_text::line(&undelivered));
            tokio::time::sleep(backoff.next_wait()).await;
        }
        Ok(())
    }

    /// Handles records once. Returns how many are settled, and why the next one is not.
    async fn try_once(&self, records: &[Record<'_>], report: &mut Report) -> (usize, Option<Undelivered>) {
        let limit = TimeLimit::at(Instant::now() + TIME);
        let batch = self.handler.handle(&[records], &limit).await;
        let rejections = self.rejections.take();
        report.published_documents += batch.outcomes.published;
        let end = batch.lanes.into_iter().next();
        let (settled, undelivered) = end.map_or((0, None), |end| (end.settled, end.undelivered));

        // Documents of records that are not settled will be counted at the next try.
        let names: HashSet<String> =
            records[..settled].iter().map(|record| record.origin.id_text()).collect();
        let mut rejected = HashSet::new();
        for ((record, reason), documents) in
            rejections.into_iter().filter(|((name, _), _)| names.contains(name))
        {
            report.reject(&reason, documents);
            rejected.insert(record);
        }
        report.rejected +=
            records[..settled].iter().filter(|record| rejected.contains(&record.origin.id_text())).count();
        (settled, undelivered)
    }
}
