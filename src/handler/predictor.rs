//! From the documents of records to their results: features, model, result event.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result};
use uuid::Uuid;

use crate::decode::Document;
use crate::error::Rejected;
use crate::event::Record;
use crate::model::directory::ModelDirectory;
use crate::model::{Description, Model};
use serving_spec::columns::{Rows, Values};
use serving_spec::features::FeaturePlan;
use serving_spec::result::{Provenance, ResultPlan};

use super::Item;
use super::slice::{Input, Slice};

/// The model with its features and its result.
#[derive(Debug)]
pub struct Predictor {
    name: String,
    version: String,
    model: Model,
    features: FeaturePlan,
    result: ResultPlan,
    /// The slots of the echoed fields, in the order that [`ResultPlan::write`] takes them.
    echoed: Vec<usize>,
}

/// What became of a document, and how late it came: seconds from when its event took place until the stream took its
/// record, if both are known.
type Outcome = (Result<Vec<u8>, Rejected>, Option<f64>);

impl Predictor {
    /// See [`super::Handler::load`].
    pub fn load(directory: &ModelDirectory, run_id: Option<&str>) -> Result<Self> {
        let Description { spec, file, run_id: logged, name } = Description::read(directory)?;
        let version = run_id.or(logged.as_deref()).context("no run id: MLmodel names none, so set RUN_ID")?;
        let name = spec.name.as_deref().or(name.as_deref()).unwrap_or("model");

        let model = Model::load(directory, &file)?;
        let result =
            ResultPlan::compile(&spec.result, model.outputs(), name, version).context("serving spec")?;
        let fields = result.echoed();
        let features = FeaturePlan::compile(&spec.feature_parts(), model.inputs(), &fields, &|name| {
            directory.file(name)
        });
        let features = features.context("serving spec")?;
        let echoed = fields.iter().filter_map(|field| features.slot(field)).collect();

        model.warm_up()?;
        if let Some(example) = model.example(directory)? {
            model.test_example(&example)?;
        }
        tracing::info!(model = name, version, origin = directory.origin(), "ready");
        Ok(Self { name: name.to_owned(), version: version.to_owned(), model, features, result, echoed })
    }

    /// Predicts a row of zeros.
    pub fn warm_up(&self) -> Result<()> {
        self.model.warm_up()
    }

    /// How many documents may be predicted at once.
    pub fn max_rows(&self) -> usize {
        self.model.max_rows()
    }

    /// The model's name and its version.
    pub fn identity(&self) -> (&str, &str) {
        (&self.name, &self.version)
    }

    /// See [`ResultPlan::id`].
    pub fn id(&self, record: &Record, sub_sequence: u32) -> Uuid {
        self.result.id(&name(record), sub_sequence)
    }

    /// All the stages between the payload and the sink, for the documents of a window. What panics is the fault of one of
    /// them, which is then found.
    pub fn predict<'a>(
        &self,
        inputs: &'a [Input<'a>],
        slice: &'a Slice,
        window: &Range<usize>,
    ) -> Vec<Item<'a>> {
        let outcomes = catch_unwind(AssertUnwindSafe(|| self.outcomes(inputs, slice, window)));
        match outcomes {
            Ok(outcomes) => {
                let items = window.clone().zip(outcomes);
                items.map(|(place, outcome)| Item::new(inputs, slice, place, outcome)).collect()
            }
            Err(_) if window.len() == 1 => {
                vec![Item::new(inputs, slice, window.start, (Err(Rejected::Panic), None))]
            }
            Err(_) => {
                window.clone().flat_map(|place| self.predict(inputs, slice, &(place..place + 1))).collect()
            }
        }
    }

    fn outcomes(&self, inputs: &[Input], slice: &Slice, window: &Range<usize>) -> Vec<Outcome> {
        let documents = &slice.documents[window.clone()];
        let mut rows = self.features.rows();
        let mut row = self.features.row();
        let mut event_times = Vec::with_capacity(documents.len());
        let mut echoed: Vec<Option<&str>> = Vec::with_capacity(documents.len() * self.echoed.len());
        let extract = |document: &Document| {
            self.features.extract(&slice.bytes[document.json.clone()?], &mut row, &mut rows)?;
            echoed.extend(self.echoed.iter().map(|&slot| row.field(slot)));
            event_times.push(row.event_time());
            Ok(rows.len - 1)
        };
        let extracted: Vec<Result<usize, Rejected>> = documents.iter().map(extract).collect();

        let predicted = Predicted::of(&self.model, &rows);
        let finish = |((place, document), row): ((usize, &Document), Result<usize, Rejected>)| {
            let row = match row {
                Ok(row) => row,
                Err(rejected) => return (Err(rejected), None),
            };
            let record = &inputs[slice.record(place)].record;
            let arrived_at = record.arrived_at.and_then(|time| time.parse::<f64>().ok());
            let event_time = event_times[row].filter(|time| !time.is_nan());
            let lateness = arrived_at.zip(event_time).map(|(arrived_at, event_time)| arrived_at - event_time);
            let result = predicted.row(row).and_then(|(outputs, at)| {
                let echoed = &echoed[row * self.echoed.len()..(row + 1) * self.echoed.len()];
                let provenance = Provenance {
                    record: &name(record),
                    source: &source(record),
                    place: document.sub_sequence,
                    arrived_at: record.arrived_at,
                };
                Ok(self.result.write(&provenance, outputs, at, echoed, event_times[row])?)
            });
            (result, lateness)
        };
        window.clone().zip(documents).zip(extracted).map(finish).collect()
    }
}

/// Names a record among all records of all streams.
fn name(record: &Record) -> String {
    format!("{}|{}|{}", record.stream_arn, record.shard, record.sequence_number)
}

/// Says where a record is, as members of the result's `source`.
fn source(record: &Record) -> String {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    format!("\"shard\":{},\"sequence_number\":{}", json(&record.shard), json(&record.sequence_number))
}

/// Outputs of the model for every row that it does not fail on.
struct Predicted {
    /// Outputs for runs of rows: one, unless the model fails on a row.
    runs: Vec<Vec<Values>>,
    /// For each row, its run and its place there.
    places: Vec<Option<(usize, usize)>>,
}

impl Predicted {
    /// One call for all rows. If it fails, halves are tried, down to the rows that are to blame.
    fn of(model: &Model, rows: &Rows) -> Self {
        let mut predicted = Self { runs: Vec::new(), places: vec![None; rows.len] };
        let mut open = Vec::from_iter((rows.len > 0).then_some(0..rows.len));
        while let Some(range) = open.pop() {
            let outputs =
                if range.len() == rows.len { model.run(rows) } else { model.run(&rows.slice(&range)) };
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

    fn row(&self, row: usize) -> Result<(&[Values], usize), Rejected> {
        let (run, place) = self.places[row].ok_or(Rejected::Model)?;
        Ok((&self.runs[run], place))
    }
}
