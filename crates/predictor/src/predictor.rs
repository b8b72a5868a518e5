//! From documents to results: features, model, result. A pure function of each document, the model and the version.

mod plan;
mod runs;

use anyhow::{Context, Result};
use uuid::Uuid;

use crate::Rejected;
use crate::model::directory::ModelDirectory;
use crate::model::{Description, Model};

pub use plan::Plan;
pub use serving_spec::result::Provenance;

/// The model's name where neither the spec nor MLflow gives one.
pub const DEFAULT_NAME: &str = "model";

/// A document to score.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// Its bytes: a JSON object, if it is valid.
    pub json: &'a [u8],
    /// Where it came from.
    pub provenance: Provenance<'a>,
}

/// What became of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The result: one line of JSON.
    pub result: Result<Vec<u8>, Rejected>,
    /// When the event took place, in seconds since the epoch, if the serving spec says so and the document has it.
    pub event_time: Option<f64>,
}

/// A model with its features and its result, ready to score documents.
#[derive(Debug)]
pub struct Predictor {
    version: String,
    model: Model,
    plan: Plan,
}

impl Predictor {
    /// Loads the model of a directory, checks the serving spec against it, and tests the model with a row of zeros and
    /// with the input example. `run_id` is the version in results; without it, the run id in `MLmodel` is.
    ///
    /// # Errors
    /// When anything about the model or its spec is wrong, or there is no run id.
    pub fn load(directory: &ModelDirectory, run_id: Option<&str>) -> Result<Self> {
        let description = Description::read(directory)?;
        let version = run_id.or(description.run_id.as_deref());
        let version = version.context("no run id: MLmodel names none, so set RUN_ID")?.to_owned();
        let model = Model::load(directory, &description.file)?;
        let plan = Plan::compile(&description, &version, &model, directory)?;
        model.warm_up()?;
        if let Some(example) = model.example(directory)? {
            model.test_example(&example)?;
        }
        Ok(Self { version, model, plan })
    }

    /// Scores a row of zeros, so that the first document pays for nothing that is made once.
    ///
    /// # Errors
    /// When the model fails on it.
    pub fn warm_up(&self) -> Result<()> {
        self.model.warm_up()
    }

    /// The model's name and its version.
    #[must_use]
    pub fn identity(&self) -> (&str, &str) {
        (self.plan.name(), &self.version)
    }

    /// The id of the result for a document: the same for every delivery of its record, and another for another run.
    #[must_use]
    pub fn id(&self, record: &str, place: u32) -> Uuid {
        self.plan.id(record, place)
    }

    /// Scores documents: for each, in their order, its result or why it has none. A document's result does not depend on
    /// its neighbours. A document that makes an operator panic is rejected alone. The model runs on as many rows at once
    /// as fit into 64 MiB per tensor.
    #[must_use]
    pub fn score(&self, documents: &[Document<'_>]) -> Vec<Scored> {
        self.plan.score(&self.model, documents)
    }
}

impl Scored {
    pub(crate) fn rejected(rejected: Rejected) -> Self {
        Self { result: Err(rejected), event_time: None }
    }

    /// Whether the document was a row of the model's input.
    #[must_use]
    pub fn reached_the_model(&self) -> bool {
        matches!(self.result, Ok(_) | Err(Rejected::Model | Rejected::Panic))
    }
}
