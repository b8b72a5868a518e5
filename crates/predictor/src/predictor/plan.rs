//! The serving spec, compiled for a model. It turns documents into rows, and outputs into results.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use limits::Clock;
use uuid::Uuid;

use crate::model::directory::ModelDirectory;
use crate::model::{Description, Model};
use crate::{Limits, Rejected};
use serving_spec::FeaturePlan;
use serving_spec::result::ResultPlan;

use super::pace::Pace;
use super::runs::{RowLimit, Runs};
use super::{DEFAULT_NAME, Document, Scored};

/// The features and the result of a model. A plan scores documents with the model that it was compiled for.
#[derive(Debug)]
pub struct Plan {
    name: String,
    features: FeaturePlan,
    result: ResultPlan,
    /// The slots of the echoed fields, in the order in which [`ResultPlan::write`] takes them.
    echoed: Vec<usize>,
    /// The most rows of a run; see [`Model::max_rows`].
    max_rows: usize,
    row_limit: RowLimit,
    pace: Pace,
    usual: Duration,
}

/// The most bytes of text in the rows of a run, unless a single row has more.
const MAX_TEXT: usize = 1 << 20;

impl Plan {
    /// Checks the serving spec of a directory against its model.
    ///
    /// # Errors
    /// When they do not fit. The error lists every reason.
    pub fn compile(
        Description { spec, name, .. }: &Description,
        version: &str,
        model: &Model,
        directory: &ModelDirectory,
    ) -> Result<Self> {
        let name = spec.name.as_deref().or(name.as_deref()).unwrap_or(DEFAULT_NAME);
        let result =
            ResultPlan::compile(&spec.result, model.outputs(), name, version).context("serving spec");
        let fields = result.as_ref().map(ResultPlan::echoed).unwrap_or_default();
        let files = |name: &str| directory.file(name);
        let parts = spec.feature_parts();
        let features = FeaturePlan::compile(&parts, model.inputs(), &fields, &files).context("serving spec");
        let (result, features) = match (result, features) {
            (Err(result), Err(features)) => bail!("{result:#}; {features:#}"),
            (result, features) => (result?, features?),
        };
        let echoed = fields.iter().filter_map(|field| features.slot(field)).collect();
        let max_rows = model.max_rows(features.entries());
        let (row_limit, pace, usual) = Default::default();
        Ok(Self { name: name.to_owned(), features, result, echoed, max_rows, row_limit, pace, usual })
    }

    /// The model's name in results.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The feature plan.
    #[must_use]
    pub fn features(&self) -> &FeaturePlan {
        &self.features
    }

    /// The id of the result for a document; see [`ResultPlan::id`].
    #[must_use]
    pub fn id(&self, record: &str, place: u32) -> Uuid {
        self.result.id(record, place)
    }

    /// Scores a row of zeros, and learns how long that takes.
    ///
    /// # Errors
    /// When the model fails on it.
    pub fn warm_up(&mut self, model: &Model) -> Result<()> {
        let start = Instant::now();
        model.warm_up(&Clock::unlimited())?;
        self.usual = start.elapsed();
        self.pace.took(self.usual, 1, true);
        Ok(())
    }

    /// How long a row of zeros took.
    #[must_use]
    pub fn usual(&self) -> Duration {
        self.usual
    }

    /// Scores all documents; see [`super::Predictor::score`].
    #[must_use]
    pub fn score(&self, model: &Model, documents: &[Document<'_>]) -> Vec<Scored> {
        self.score_within(model, documents, &Limits::none())
    }

    /// Scores documents; see [`super::Predictor::score_within`].
    #[must_use]
    pub fn score_within(&self, model: &Model, documents: &[Document<'_>], limits: &Limits) -> Vec<Scored> {
        let begin = Instant::now();
        let mut scored: Vec<Scored> = Vec::new();
        let mut results = 0;
        // Documents up to here are scored one by one, because one of them panics.
        let mut alone = 0;
        while scored.len() < documents.len() {
            let left = limits.call.saturating_sub(begin.elapsed());
            let is_enough = left.is_zero() || results > limits.results;
            if limits.clock.is_over() || is_enough && !scored.is_empty() {
                break;
            }
            let from = scored.len();
            let rows = self.max_rows.min(self.row_limit.get());
            let most = if from < alone { 1 } else { rows.min(self.pace.documents(left)) };
            let window = &documents[from..documents.len().min(from.saturating_add(most))];
            let start = Instant::now();
            match catch_unwind(AssertUnwindSafe(|| {
                self.score_together(model, window, limits, start.checked_add(left))
            })) {
                Ok(together) if together.is_empty() => break,
                Ok(together) => scored.extend(together),
                Err(_) if window.len() > 1 => alone = from + window.len(),
                Err(_) => scored.push(Scored::rejected(Rejected::Panic)),
            }
            let done = &scored[from..];
            results += done.iter().map(Scored::result_bytes).sum::<usize>();
            let is_slow = matches!(done, [Scored { result: Err(Rejected::TooSlow), .. }]);
            if !is_slow {
                self.pace.took(start.elapsed(), done.len(), done.iter().any(Scored::reached_the_model));
            }
        }
        scored
    }

    /// Scores the first of the documents: at least one, unless the clock is over.
    fn score_together<'a>(
        &self,
        model: &Model,
        documents: &[Document<'a>],
        limits: &Limits,
        until: Option<Instant>,
    ) -> Vec<Scored> {
        let mut rows = self.features.rows();
        let mut row = self.features.row();
        let mut event_times = Vec::with_capacity(documents.len());
        let mut echoed: Vec<Option<&'a str>> = Vec::with_capacity(documents.len() * self.echoed.len());
        let mut extracted: Vec<Result<usize, Rejected>> = Vec::with_capacity(documents.len());
        let mut text = 0;
        row.set_clock(limits.clock.within(limits.document));
        for document in documents {
            let result = self.features.extract(document.json, &mut row, &mut rows);
            if matches!(result, Err(serving_spec::Rejected::TooSlow)) && limits.clock.is_over() {
                break;
            }
            text += row.text_bytes();
            extracted.push(match result {
                Ok(()) => {
                    echoed.extend(self.echoed.iter().map(|&slot| row.field(slot)));
                    event_times.push(row.event_time());
                    Ok(rows.len - 1)
                }
                Err(rejected) => Err(rejected.into()),
            });
            if row.has_looked_at_clock() {
                row.set_clock(limits.clock.within(limits.document));
            }
            let is_late = row.has_looked_at_clock() && until.is_some_and(|until| Instant::now() >= until);
            if text > MAX_TEXT || is_late {
                break;
            }
        }

        let runs = Runs::of(model, &rows, limits, &self.pace, &self.row_limit);
        // A row that was not reached, and all documents from it on, have no outcome yet.
        let is_reached =
            |row: &Result<usize, Rejected>| row.as_ref().map_or(true, |&row| row < runs.reached());
        let finish = |(document, row): (&Document, Result<usize, Rejected>)| {
            let row = match row {
                Ok(row) => row,
                Err(rejected) => return Scored::rejected(rejected),
            };
            let event_time = event_times[row];
            let result = runs.row(row).and_then(|(outputs, at)| {
                let echoed = &echoed[row * self.echoed.len()..(row + 1) * self.echoed.len()];
                Ok(self.result.write(&document.provenance, outputs, at, echoed, event_time)?)
            });
            Scored { result, event_time: event_time.filter(|time| !time.is_nan()) }
        };
        documents.iter().zip(extracted.into_iter().take_while(is_reached)).map(finish).collect()
    }
}
