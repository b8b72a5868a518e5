//! An invocation, from its event to its answer: the one place that knows all the stages.

use std::ops::Range;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::columns::{Rows, Values};
use crate::decode;
use crate::error::Rejected;
use crate::event::{self, Malformed, Record};
use crate::features::{FeaturePlan, Row};
use crate::metrics::Outcomes;
use crate::model::directory::ModelDirectory;
use crate::model::{Description, Model};
use crate::prediction::ResultPlan;
use crate::sink::{Delivery, Entry, MAX_RECORD_BYTES, Sink};

/// Everything that an invocation needs, made at cold start.
#[derive(Debug)]
pub struct Handler {
    model: Model,
    features: FeaturePlan,
    result: ResultPlan,
    /// The slots of the echoed fields, in the order that [`ResultPlan::write`] takes them.
    echoed: Vec<usize>,
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
}

/// A record that Lambda is to deliver again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Its sequence number.
    pub item_identifier: String,
}

/// A record of the event, and what has become of it so far.
struct Item<'a> {
    record: Record<'a>,
    /// Its result, or why there never will be one.
    result: Result<Vec<u8>, Rejected>,
    /// Seconds from when the event took place until the stream took its record, if both are known.
    lateness: Option<f64>,
}

impl Handler {
    /// Loads the model of a directory, checks the serving spec against it, and tests the whole on the input example.
    ///
    /// # Errors
    /// When anything about the model or its spec is wrong, or `run_id` is given neither here nor by `MLmodel`.
    pub fn load(directory: &ModelDirectory, run_id: Option<&str>, sink: Sink) -> Result<Self> {
        Self::build(directory, run_id, sink).with_context(|| format!("the model at {}", directory.origin()))
    }

    fn build(directory: &ModelDirectory, run_id: Option<&str>, sink: Sink) -> Result<Self> {
        let Description { spec, file, run_id: logged, name } = Description::read(directory)?;
        let version = run_id.or(logged.as_deref()).context("no run id: MLmodel names none, so set RUN_ID")?;
        let name = spec.name.as_deref().or(name.as_deref()).unwrap_or("model");

        let model = Model::load(directory, &file)?;
        let result = ResultPlan::compile(&spec, model.outputs(), name, version).context("serving spec")?;
        let fields = result.echoed();
        let features = FeaturePlan::compile(&spec, model.inputs(), &fields, &|name| directory.file(name));
        let features = features.context("serving spec")?;
        let echoed = fields.iter().filter_map(|field| features.slot(field)).collect();

        model.warm_up()?;
        if let Some(example) = model.example(directory)? {
            model.test_example(&example)?;
        }
        tracing::info!(model = name, version, origin = directory.origin(), "ready");
        Ok(Self { model, features, result, echoed, sink })
    }

    /// Handles one invocation: every record of the event ends published, quarantined or reported.
    ///
    /// # Errors
    /// When the event is no Kinesis invocation.
    pub async fn handle(&self, event: &str, deadline: Instant) -> Result<Answer> {
        let items = self.predict(event::parse(event)?);
        let mut outcomes = Outcomes::default();
        let mut entries = Vec::with_capacity(items.len());
        let mut published = Vec::with_capacity(items.len());
        for Item { record, result, lateness } in items {
            outcomes.came_late(lateness);
            match result {
                Ok(data) => {
                    entries.push(Entry { key: record.partition_key.into_owned(), data });
                    published.push((record.shard, record.sequence_number));
                }
                Err(rejected) => {
                    quarantine(&record, &rejected);
                    outcomes.quarantined += 1;
                }
            }
        }

        let Delivery { accepted, undelivered } = self.sink.publish(&entries, deadline).await;
        outcomes.published = accepted.iter().filter(|accepted| **accepted).count();
        outcomes.reported = accepted.len() - outcomes.published;
        let failed =
            published.iter().zip(&accepted).filter(|(_, accepted)| !**accepted).map(|(identity, _)| identity);
        let lowest = failed.min_by(|a, b| event::compare_sequence_numbers(&a.1, &b.1));
        if let (Some((shard, sequence_number)), Some(undelivered)) = (lowest, &undelivered) {
            tracing::warn!(%shard, %sequence_number, reason = %undelivered, "records reported from here on");
        }
        outcomes.log();

        let failure = lowest.map(|(_, number)| BatchItemFailure { item_identifier: number.to_string() });
        let predictions = matches!(self.sink, Sink::Answer).then(|| as_json(entries)).transpose()?;
        Ok(Answer { predictions, batch_item_failures: failure.into_iter().collect() })
    }

    /// All the stages between the envelope and the sink, for a whole batch.
    fn predict<'a>(&self, records: Vec<Result<Record<'a>, Malformed<'a>>>) -> Vec<Item<'a>> {
        let encoded =
            |record: &Result<Record, Malformed>| record.as_ref().map_or(0, |record| record.data.len());
        let mut bytes = Vec::with_capacity(records.iter().map(encoded).sum());
        let decoded: Vec<(Record, Result<Range<usize>, Rejected>)> = records
            .into_iter()
            .map(|record| match record {
                Ok(record) => {
                    let document =
                        self.check_identity(&record).and_then(|()| decode::base64(&record.data, &mut bytes));
                    (record, document)
                }
                Err(Malformed { record, rejected }) => (record, Err(rejected)),
            })
            .collect();

        let mut rows = self.features.rows();
        let mut row = self.features.row();
        let mut event_times = Vec::with_capacity(decoded.len());
        let mut echoed: Vec<Option<&str>> = Vec::with_capacity(decoded.len() * self.echoed.len());
        let extracted: Vec<(Record, Result<usize, Rejected>)> = decoded
            .into_iter()
            .map(|(record, document)| {
                let place = document.and_then(|range| self.extract(&bytes[range], &mut row, &mut rows));
                if place.is_ok() {
                    echoed.extend(self.echoed.iter().map(|&slot| row.field(slot)));
                    event_times.push(row.event_time());
                }
                (record, place)
            })
            .collect();

        let predicted = predict_rows(&self.model, &rows);
        let finish = |(record, row): (Record<'a>, Result<usize, Rejected>)| {
            let arrived_at = record.arrived_at.and_then(|time| time.parse::<f64>().ok());
            let event_time =
                row.as_ref().ok().and_then(|&row| event_times[row]).filter(|time| !time.is_nan());
            let lateness = arrived_at.zip(event_time).map(|(arrived_at, event_time)| arrived_at - event_time);
            let result = row.and_then(|row| {
                let (outputs, place) = predicted.row(row)?;
                let echoed = &echoed[row * self.echoed.len()..(row + 1) * self.echoed.len()];
                let event = self.result.write((&record, 0), outputs, place, echoed, event_times[row])?;
                self.check_size(&record, event)
            });
            Item { record, result, lateness }
        };
        extracted.into_iter().map(finish).collect()
    }

    /// Adds the document's row: its place among the rows.
    fn extract<'a>(&self, document: &'a [u8], row: &mut Row<'a>, rows: &mut Rows) -> Result<usize, Rejected> {
        self.features.extract(document, row, rows)?;
        Ok(rows.len - 1)
    }

    /// What is published needs a key to go under, and a sequence number under which it could be reported.
    fn check_identity(&self, record: &Record) -> Result<(), Rejected> {
        if matches!(self.sink, Sink::Answer) {
            return Ok(());
        }
        if !event::is_sequence_number(&record.sequence_number) {
            return Err(Rejected::Envelope("kinesis.sequenceNumber is not 1 to 128 digits".to_owned()));
        }
        if !(1..=256).contains(&record.partition_key.chars().count()) {
            return Err(Rejected::Envelope("kinesis.partitionKey is not 1 to 256 characters".to_owned()));
        }
        Ok(())
    }

    fn check_size(&self, record: &Record, event: Vec<u8>) -> Result<Vec<u8>, Rejected> {
        let bytes = event.len() + record.partition_key.len();
        if bytes > MAX_RECORD_BYTES && !matches!(self.sink, Sink::Answer) {
            return Err(Rejected::TooLarge { bytes, limit: MAX_RECORD_BYTES });
        }
        Ok(event)
    }
}

/// Outputs of the model for every row that it does not fail on.
struct Predicted {
    /// Outputs for runs of rows: one, unless the model fails on a row.
    runs: Vec<Vec<Values>>,
    /// For each row, its run and its place there.
    places: Vec<Option<(usize, usize)>>,
}

impl Predicted {
    fn row(&self, row: usize) -> Result<(&[Values], usize), Rejected> {
        let (run, place) = self.places[row].ok_or(Rejected::Model)?;
        Ok((&self.runs[run], place))
    }
}

/// One call for all rows, or as many as the model takes at once. If it fails, halves are tried, down to the rows that are
/// to blame.
fn predict_rows(model: &Model, rows: &Rows) -> Predicted {
    let mut predicted = Predicted { runs: Vec::new(), places: vec![None; rows.len] };
    let starts = (0..rows.len).step_by(model.max_rows());
    let mut open: Vec<Range<usize>> =
        starts.map(|start| start..rows.len.min(start.saturating_add(model.max_rows()))).collect();
    while let Some(range) = open.pop() {
        let outputs = if range.len() == rows.len { model.run(rows) } else { model.run(&rows.slice(&range)) };
        match outputs {
            Ok(outputs) => {
                for (place, row) in range.enumerate() {
                    predicted.places[row] = Some((predicted.runs.len(), place));
                }
                predicted.runs.push(outputs);
            }
            Err(_) if range.len() == 1 => {}
            Err(_) => {
                let middle = range.start + range.len() / 2;
                open.extend([middle..range.end, range.start..middle]);
            }
        }
    }
    predicted
}

/// Sets a record aside that can never succeed.
fn quarantine(record: &Record, rejected: &Rejected) {
    let Record { shard, sequence_number, .. } = record;
    tracing::warn!(%shard, %sequence_number, reason = %rejected, "record quarantined");
}

fn as_json(entries: Vec<Entry>) -> Result<Vec<Box<RawValue>>> {
    entries.into_iter().map(|entry| Ok(RawValue::from_string(String::from_utf8(entry.data)?)?)).collect()
}
