//! An invocation, from its event to its answer: the one place that knows all the stages.
//!
//! A batch is worked off in slices, from its first record to its last: what is decoded, predicted, quarantined and published
//! of one is gone before the next, so that memory is bounded and the deadline is looked at often enough. At the first
//! record that is neither published nor quarantined it ends, and that record is reported.

mod item;
mod pace;
mod predictor;
mod slice;

use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::Undelivered;
use crate::event::{self, Record};
use crate::metrics::Outcomes;
use crate::model::directory::ModelDirectory;
use crate::quarantine::{Failure, Quarantine, Quarantined};
use crate::sink::{Delivery, Entry, Sink};
use crate::time_limit::TimeLimit;

use item::Item;
use pace::{BUDGET, Pace};
use predictor::Predictor;
use slice::{BYTES, DOCUMENTS, Input, Slice};

/// Everything that an invocation needs, made at cold start.
#[derive(Debug)]
pub struct Handler {
    predictor: Predictor,
    pace: Pace,
    quarantine: Quarantine,
    sink: Sink,
}

/// The answer, exactly as Lambda understands it; a test run's has predictions besides.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The result events of a test run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predictions: Option<Vec<Box<RawValue>>>,
    /// At most one: Lambda delivers everything from it on again.
    #[serde(rename = "batchItemFailures")]
    pub batch_item_failures: Vec<BatchItemFailure>,
    /// Why it is to deliver them again.
    #[serde(skip)]
    pub undelivered: Option<Undelivered>,
    /// What became of the documents.
    #[serde(skip)]
    pub outcomes: Outcomes,
}

/// A record that Lambda is to deliver again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Its sequence number.
    pub item_identifier: String,
}

/// Where a batch ends before its end.
struct Stop {
    /// How many documents of the window are settled before the first that is not.
    settled: usize,
    undelivered: Undelivered,
}

impl Handler {
    /// Loads the model of a directory, checks the serving spec against it, and tests the whole on the input example.
    ///
    /// # Errors
    /// When anything about the model or its spec is wrong, or `run_id` is given neither here nor by `MLmodel`.
    pub fn load(
        directory: &ModelDirectory,
        run_id: Option<&str>,
        quarantine: Quarantine,
        sink: Sink,
    ) -> Result<Self> {
        let predictor = Predictor::load(directory, run_id);
        let predictor = predictor.with_context(|| format!("the model at {}", directory.origin()))?;
        let start = Instant::now();
        predictor.warm_up()?;
        Ok(Self { predictor, pace: Pace::of(start.elapsed(), 1), quarantine, sink })
    }

    /// Handles one invocation: every record of the event ends published, quarantined or reported.
    ///
    /// # Errors
    /// When the event is no Kinesis invocation, or a record that is to be reported has no sequence number.
    pub async fn handle(&self, event: &str, limit: &TimeLimit) -> Result<Answer> {
        let inputs = in_order(event::parse(event)?);
        let mut outcomes = Outcomes::default();
        let mut results = Vec::new();
        let mut failed = None;
        let mut slice = Slice::default();
        let mut next = 0;
        while failed.is_none() && next < inputs.len() {
            if limit.is_over() {
                outcomes.reported = inputs.len() - next;
                failed = Some((&inputs[next].record, out_of_time()));
                break;
            }
            let taken = slice.fill(&inputs[next..]);
            let mut at = 0;
            while failed.is_none() && at < slice.len() {
                let items = self.predict(&inputs[next..], &slice, at);
                let count = items.len();
                let stop = self.settle(items, limit, &mut outcomes, &mut results).await;
                if let Some(Stop { settled, undelivered }) = stop {
                    outcomes.reported = slice.len() - at - settled + inputs.len() - next - taken;
                    failed = Some((&inputs[next + slice.record(at + settled)].record, undelivered));
                }
                at += count;
            }
            next += taken;
        }
        outcomes.log();

        let predictions = matches!(self.sink, Sink::Answer).then(|| as_json(results)).transpose()?;
        let failure = failed.as_ref().map(|(record, undelivered)| report(record, undelivered)).transpose()?;
        let undelivered = failed.map(|(_, undelivered)| undelivered);
        Ok(Answer { predictions, batch_item_failures: failure.into_iter().collect(), undelivered, outcomes })
    }

    /// Items for the documents from a place on: as many as are published at once, or as there is time for.
    fn predict<'a>(&self, inputs: &'a [Input<'a>], slice: &'a Slice, at: usize) -> Vec<Item<'a>> {
        let begin = Instant::now();
        let mut items = Vec::new();
        let mut bytes = 0;
        loop {
            let (start, left) = (at + items.len(), BUDGET.saturating_sub(begin.elapsed()));
            let is_full = items.len() >= DOCUMENTS || bytes >= BYTES || left.is_zero();
            if start == slice.len() || is_full && !items.is_empty() {
                break;
            }
            let rows = self.pace.rows(left).min(self.predictor.max_rows());
            let window = slice.window(start, rows.min(DOCUMENTS - items.len()));
            let start = Instant::now();
            let predicted = self.predictor.predict(inputs, slice, &window);
            let rows = predicted.iter().filter(|item| item.reached_the_model()).count();
            self.pace.took(start.elapsed(), rows);
            bytes += predicted.iter().map(|item| item.result.as_ref().map_or(0, Vec::len)).sum::<usize>();
            bytes += slice.bytes_of(&window);
            items.extend(predicted);
        }
        if !matches!(self.sink, Sink::Answer) {
            for item in &mut items {
                item.check_published();
            }
        }
        items
    }

    /// Quarantines and publishes what there is of a window, up to the first document that can't be settled now.
    async fn settle(
        &self,
        items: Vec<Item<'_>>,
        limit: &TimeLimit,
        outcomes: &mut Outcomes,
        results: &mut Vec<Vec<u8>>,
    ) -> Option<Stop> {
        if limit.is_over() {
            return Some(Stop { settled: 0, undelivered: out_of_time() });
        }
        let (end, failure) = match self.quarantine(&items, limit).await {
            Ok(()) => (items.len(), None),
            Err((end, undelivered)) => (end, Some(undelivered)),
        };

        let mut entries = Vec::with_capacity(end);
        let mut places = Vec::with_capacity(end);
        for (place, item) in items.into_iter().take(end).enumerate() {
            outcomes.came_late(item.lateness);
            if let Ok(data) = item.result {
                entries.push(Entry { key: item.key.to_owned(), data });
                places.push(place);
            }
        }
        let Delivery { accepted, undelivered } = self.sink.publish(&entries, limit).await;
        if matches!(self.sink, Sink::Answer) {
            results.extend(entries.into_iter().map(|entry| entry.data));
        }
        let refused = accepted.iter().position(|accepted| !accepted).map(|entry| places[entry]);
        // What was accepted behind a refused one is reported with it, and comes again.
        let settled = refused.unwrap_or(end);
        let published = places.partition_point(|place| *place < settled);
        outcomes.published += published;
        outcomes.quarantined += settled - published;
        let undelivered = refused.and(undelivered).or(failure);
        undelivered.map(|undelivered| Stop { settled, undelivered })
    }

    /// Stores what can never succeed, before anything behind it is published. If it can't: how many items there are before the
    /// first that was not stored.
    async fn quarantine(&self, items: &[Item<'_>], limit: &TimeLimit) -> Result<(), (usize, Undelivered)> {
        let mut quarantined: Vec<Quarantined> = Vec::new();
        let mut places = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let Err(reason) = &item.result else { continue };
            let id = self.predictor.id(item.record, item.sub_sequence);
            let failure = Failure { id, sub_sequence: item.sub_sequence, reason };
            if let Some(last) = quarantined.last_mut().filter(|last| std::ptr::eq(last.record, item.record)) {
                last.failures.push(failure);
            } else {
                quarantined.push(Quarantined { record: item.record, failures: vec![failure] });
                places.push(place);
            }
        }
        if quarantined.is_empty() {
            return Ok(());
        }
        // If the store is slow, time is left to publish what comes before.
        let stored = self.quarantine.store(self.predictor.identity(), &quarantined, &limit.half()).await;
        stored.map_err(|unstored| (places[unstored.stored], unstored.undelivered))?;
        for Quarantined { record: Record { shard, sequence_number, .. }, failures } in &quarantined {
            for Failure { sub_sequence, reason, .. } in failures {
                tracing::warn!(%shard, %sequence_number, sub_sequence, %reason, "record quarantined");
            }
        }
        Ok(())
    }
}

fn out_of_time() -> Undelivered {
    Undelivered { reason: "the invocation's time is up".to_owned() }
}

/// The records, in the order of their sequence numbers, as Lambda sends those of a shard, if they all have one.
fn in_order<'a>(records: Vec<Result<Record<'a>, event::Malformed<'a>>>) -> Vec<Input<'a>> {
    let mut inputs: Vec<Input> = records.into_iter().map(Input::from).collect();
    let compare = |a: &Input, b: &Input| {
        event::compare_sequence_numbers(&a.record.sequence_number, &b.record.sequence_number)
    };
    if !inputs.is_sorted_by(|a, b| compare(a, b).is_le())
        && inputs.iter().all(|input| event::is_sequence_number(&input.record.sequence_number))
    {
        inputs.sort_by(compare);
    }
    inputs
}

/// Lambda's checkpoint: this record and all behind it come again.
fn report(record: &Record, undelivered: &Undelivered) -> Result<BatchItemFailure> {
    let Record { shard, sequence_number, .. } = record;
    tracing::warn!(%shard, %sequence_number, reason = %undelivered, "records reported from here on");
    if !event::is_sequence_number(sequence_number) {
        return Err(anyhow!("a record without a sequence number can't be reported: {undelivered}"));
    }
    Ok(BatchItemFailure { item_identifier: sequence_number.to_string() })
}

fn as_json(results: Vec<Vec<u8>>) -> Result<Vec<Box<RawValue>>> {
    results.into_iter().map(|result| Ok(RawValue::from_string(String::from_utf8(result)?)?)).collect()
}
