//! The serving spec, compiled for a model. It turns documents into rows, and outputs into results.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, bail};
use uuid::Uuid;

use crate::Rejected;
use crate::model::directory::ModelDirectory;
use crate::model::{Description, Model};
use serving_spec::FeaturePlan;
use serving_spec::result::ResultPlan;

use super::runs::Runs;
use super::{DEFAULT_NAME, Document, Scored};

/// The features and the result of a model. A plan scores documents with the model that it was compiled for.
#[derive(Debug)]
pub struct Plan {
    name: String,
    features: FeaturePlan,
    result: ResultPlan,
    /// The slots of the echoed fields, in the order in which [`ResultPlan::write`] takes them.
    echoed: Vec<usize>,
}

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
        Ok(Self { name: name.to_owned(), features, result, echoed })
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

    /// Scores documents; see [`super::Predictor::score`].
    #[must_use]
    pub fn score(&self, model: &Model, documents: &[Document<'_>]) -> Vec<Scored> {
        let mut scored = Vec::with_capacity(documents.len());
        for documents in documents.chunks(model.max_rows()) {
            match catch_unwind(AssertUnwindSafe(|| self.score_together(model, documents))) {
                Ok(together) => scored.extend(together),
                // At least one document panics. To find it, each is scored alone.
                Err(_) if documents.len() > 1 => {
                    scored.extend(documents.iter().flat_map(|document| self.score(model, &[*document])));
                }
                Err(_) => scored.push(Scored::rejected(Rejected::Panic)),
            }
        }
        scored
    }

    fn score_together<'a>(&self, model: &Model, documents: &[Document<'a>]) -> Vec<Scored> {
        let mut rows = self.features.rows();
        let mut row = self.features.row();
        let mut event_times = Vec::with_capacity(documents.len());
        let mut echoed: Vec<Option<&'a str>> = Vec::with_capacity(documents.len() * self.echoed.len());
        let extract = |document: &Document<'a>| {
            self.features.extract(document.json, &mut row, &mut rows)?;
            echoed.extend(self.echoed.iter().map(|&slot| row.field(slot)));
            event_times.push(row.event_time());
            Ok(rows.len - 1)
        };
        let extracted: Vec<Result<usize, Rejected>> = documents.iter().map(extract).collect();

        let runs = Runs::of(model, &rows);
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
        documents.iter().zip(extracted).map(finish).collect()
    }
}
