//! One lane, from its first record to its last or to the first that is not settled.

use std::time::Instant;

use futures_util::future::join_all;

use crate::aws::TimeLimit;
use crate::failure::Undelivered;
use crate::quarantine::{Quarantined, RejectedDocument};
use crate::record::Record;
use crate::sinks::{Delivery, OutgoingRecord};
use predictor::{Document, Limits};

use super::rejected::{self, Reasons};
use super::scored::{Provenances, ScoredDocument};
use super::unpacked::{Share, Unpacked, UnpackedDocument};
use super::{Handler, LaneEnd, Outcomes};

/// What became of a lane.
#[derive(Debug)]
pub(super) struct Lane {
    /// Its place among the lanes of the batch.
    pub index: usize,
    pub end: LaneEnd,
    pub outcomes: Outcomes,
    /// The results of a test run.
    pub results: Vec<Vec<u8>>,
}

/// What is settled of the documents at hand.
struct Progress {
    /// How many, from the first on.
    settled: usize,
    /// The places of documents behind them, of the last record, that the quarantine has stored with it.
    stored: Vec<u32>,
}

/// Where a lane stops before its end.
struct Stop {
    /// How many of the documents at hand are settled before the first that is not.
    settled: usize,
    undelivered: Undelivered,
}

impl Handler {
    pub(super) async fn run_lane(
        &self,
        index: usize,
        records: &[Record<'_>],
        share: Share,
        limits: &Limits,
        limit: &TimeLimit,
    ) -> Lane {
        let end = LaneEnd { settled: 0, undelivered: None };
        let mut lane = Lane { index, end, outcomes: Outcomes::default(), results: Vec::new() };
        let mut unpacked = Unpacked::default();
        let mut next = 0;
        while next < records.len() {
            if limit.is_over() {
                return lane.stopped(next, records.len() - next, Undelivered::out_of_time());
            }
            next += unpacked.fill(&records[next..], next, share, &limits.clock);
            let mut done = 0;
            while done < unpacked.documents.len() {
                let documents = &unpacked.documents[done..];
                let at_hand = (&*unpacked.bytes, documents);
                match self.settle_next(records, at_hand, share, limits, limit, &mut lane).await {
                    Ok(Progress { settled, stored }) => {
                        done += settled;
                        if !stored.is_empty() {
                            lane.outcomes.quarantined += stored.len();
                            unpacked.forget(std::mem::take(&mut done), &stored);
                        }
                    }
                    Err(stop) => {
                        let unsettled = &documents[stop.settled..];
                        let reported = unsettled.len() + records.len() - next;
                        return lane.stopped(unsettled[0].record, reported, stop.undelivered);
                    }
                }
            }
        }
        lane.end.settled = records.len();
        lane
    }

    /// Scores and settles the first of the documents, at least one.
    async fn settle_next(
        &self,
        records: &[Record<'_>],
        (buffer, documents): (&[u8], &[UnpackedDocument]),
        share: Share,
        limits: &Limits,
        limit: &TimeLimit,
        lane: &mut Lane,
    ) -> Result<Progress, Stop> {
        let mut scored = self.score(records, buffer, documents, share, limits);
        if scored.is_empty() {
            return Err(Stop { settled: 0, undelivered: Undelivered::out_of_time() });
        }
        let rest = &documents[scored.len()..];
        let Some(first) = rejected::of_unfinished_record(&scored, rest) else {
            let settled = scored.len();
            self.settle(records, (scored, Vec::new()), limit, lane).await?;
            return Ok(Progress { settled, stored: Vec::new() });
        };
        // The rest of a long record may take all the time. What comes before is settled first.
        let mut last = scored.split_off(first);
        self.settle(records, (scored, Vec::new()), limit, lane).await?;
        let ahead = self.look_ahead(records, buffer, (&mut last, rest), share, limits).await;
        let ahead = ahead.map_err(|undelivered| Stop { settled: first, undelivered })?;
        let settled = first + last.len();
        let places = ahead.iter().map(|document| document.place).collect();
        let done = self.settle(records, (last, ahead), limit, lane).await;
        done.map_err(|stop| Stop { settled: first + stop.settled, ..stop })?;
        Ok(Progress { settled, stored: places })
    }

    /// Scores the first of the documents: as many as are published at once or as time permits. It is none if the time
    /// is up.
    pub(super) fn score<'d>(
        &self,
        records: &'d [Record<'_>],
        buffer: &'d [u8],
        documents: &'d [UnpackedDocument],
        share: Share,
        limits: &Limits,
    ) -> Vec<ScoredDocument<'d>> {
        let begin = Instant::now();
        let mut scored: Vec<ScoredDocument> = Vec::new();
        let mut bytes = 0;
        loop {
            let (rest, time) = (&documents[scored.len()..], limits.call.saturating_sub(begin.elapsed()));
            let is_full = scored.len() >= share.documents || bytes >= share.bytes || time.is_zero();
            if rest.is_empty() || is_full && !scored.is_empty() {
                break;
            }
            let window = share.window(rest, share.documents - scored.len());
            let from = scored.len();
            let results = share.bytes.saturating_sub(bytes);
            let limits = Limits { call: time, results, ..limits.clone() };
            self.score_window(records, buffer, window, &limits, &mut scored);
            if scored.len() == from {
                break;
            }
            let sizes = window.iter().map(UnpackedDocument::bytes).zip(scored[from..].iter());
            bytes += sizes.map(|(bytes, scored)| bytes + scored.result_bytes()).sum::<usize>();
        }
        if !self.answers {
            for document in &mut scored {
                document.check(&records[document.record].origin, &self.sinks);
            }
        }
        scored
    }

    /// Scores the first documents of a window in one call of the engine.
    fn score_window<'d>(
        &self,
        records: &'d [Record<'_>],
        buffer: &'d [u8],
        window: &'d [UnpackedDocument],
        limits: &Limits,
        scored: &mut Vec<ScoredDocument<'d>>,
    ) {
        let provenances = Provenances::of(records, window);
        let readable = window.iter().filter_map(|document| {
            let json = document.json.clone().ok()?;
            let record = &records[document.record];
            Some(Document { json: &buffer[json], provenance: provenances.of_document(record, document) })
        });
        let mut results = self.predictor.score_within(&readable.collect::<Vec<_>>(), limits).into_iter();
        for document in window {
            let result = match &document.json {
                Ok(_) => match results.next() {
                    Some(result) => Ok(result),
                    // It was not reached, nor was any after it.
                    None => break,
                },
                Err(rejected) => Err(rejected.clone()),
            };
            scored.push(ScoredDocument::new(&records[document.record], buffer, document, result));
        }
    }

    /// Quarantines and publishes documents, up to the first that cannot be settled now. The last record may have rejected
    /// documents behind them, which are stored with it.
    async fn settle(
        &self,
        records: &[Record<'_>],
        (documents, ahead): (Vec<ScoredDocument<'_>>, Vec<RejectedDocument>),
        limit: &TimeLimit,
        lane: &mut Lane,
    ) -> Result<(), Stop> {
        if limit.is_over() {
            return Err(Stop { settled: 0, undelivered: Undelivered::out_of_time() });
        }
        let stored = self.quarantine(records, &documents, ahead, limit).await;
        let end = stored.as_ref().err().map_or(documents.len(), |stop| stop.settled);

        let mut outgoing = Vec::with_capacity(end);
        let mut places = Vec::with_capacity(end);
        for (place, document) in documents.into_iter().take(end).enumerate() {
            lane.outcomes.came_late(document.lateness);
            if let Ok(data) = document.result {
                outgoing.push(OutgoingRecord { key: document.key.unwrap_or_default(), data });
                places.push(place);
            }
        }
        let Delivery { accepted, undelivered } = self.publish(&outgoing, limit).await;
        if self.answers {
            lane.results.extend(outgoing.into_iter().map(|record| record.data));
        }
        let refused = accepted.iter().position(|accepted| !accepted).map(|index| places[index]);
        // Results after a refused one may have been accepted. They are reported with it, and come again.
        let settled = refused.unwrap_or(end);
        let published = places.partition_point(|place| *place < settled);
        lane.outcomes.published += published;
        lane.outcomes.quarantined += settled - published;
        match refused.and(undelivered) {
            Some(undelivered) => Err(Stop { settled, undelivered }),
            None => stored,
        }
    }

    /// Publishes to every sink at once. A result is accepted once all sinks have accepted it.
    async fn publish(&self, records: &[OutgoingRecord<'_>], limit: &TimeLimit) -> Delivery {
        if let [sink] = self.sinks.as_slice() {
            return sink.publish(records, limit).await;
        }
        let deliveries = join_all(self.sinks.iter().map(|sink| sink.publish(records, limit))).await;
        deliveries.iter().fold(Delivery::all(records.len()), Delivery::and)
    }

    /// Stores rejected documents before anything after them is published.
    ///
    /// # Errors
    /// When a document could not be stored: how many come before it.
    async fn quarantine(
        &self,
        records: &[Record<'_>],
        documents: &[ScoredDocument<'_>],
        mut ahead: Vec<RejectedDocument>,
        limit: &TimeLimit,
    ) -> Result<(), Stop> {
        let mut reasons = Reasons::default();
        let mut quarantined: Vec<Quarantined> = Vec::new();
        // For each quarantined record, the place of its first rejected document, and the record's index.
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (place, document) in documents.iter().enumerate() {
            let Err(reason) = &document.result else { continue };
            let record = &records[document.record];
            let id = self.predictor.id(&record.origin.id_text(), document.place);
            let rejected = RejectedDocument { id, place: document.place, reason: reasons.text(reason) };
            match quarantined.last_mut().zip(places.last()) {
                Some((last, (_, index))) if *index == document.record => last.documents.push(rejected),
                _ => {
                    quarantined.push(Quarantined { record, documents: vec![rejected] });
                    places.push((place, document.record));
                }
            }
        }
        let Some(last) = quarantined.last_mut() else { return Ok(()) };
        last.documents.append(&mut ahead);
        // A slow store leaves time to publish what comes before.
        let stored = self.quarantine.store(self.predictor.identity(), &quarantined, &limit.half()).await;
        stored.map_err(|unstored| Stop {
            settled: places[unstored.stored].0,
            undelivered: unstored.undelivered,
        })?;
        quarantined.iter().for_each(Quarantined::log);
        Ok(())
    }
}

impl Lane {
    /// Ends at a record that is not settled, and counts the reported documents.
    fn stopped(mut self, settled: usize, reported: usize, undelivered: Undelivered) -> Self {
        self.outcomes.reported = reported;
        self.end = LaneEnd { settled, undelivered: Some(undelivered) };
        self
    }
}
