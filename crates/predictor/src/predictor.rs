//! Turns documents into results: features, model, result. A result is a pure function of its document, the
//! model and the version.

mod pace;
mod plan;
mod runs;

use std::time::Duration;

use anyhow::{Context, Result};
use limits::Clock;
use uuid::Uuid;

use crate::model::directory::ModelDirectory;
use crate::model::{Description, Model};
use crate::{Limits, Rejected};

pub use plan::Plan;
pub use serving_spec::result::Provenance;

/// The model's name if neither the spec nor MLflow gives one.
pub const DEFAULT_NAME: &str = "model";

/// A document to score.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// Its bytes. They should be a JSON object, or the document is rejected.
    pub json: &'a [u8],
    /// The origin of the document.
    pub provenance: Provenance<'a>,
}

/// The outcome for a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The result: one line of JSON.
    pub result: Result<Vec<u8>, Rejected>,
    /// The time of the event, in seconds since the epoch. `None` unless the serving spec names its field and
    /// the document has it.
    pub event_time: Option<f64>,
}

/// A model with its features and its result, ready to score documents.
///
/// ```
/// use predictor::model::directory::ModelDirectory;
/// use predictor::{Clock, Document, Predictor, Provenance};
///
/// let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/plain");
/// let predictor = Predictor::load(&ModelDirectory::open(folder.as_ref())?, Some("run-1"), &Clock::unlimited())?;
///
/// let document = Document { json: br#"{"X": [3.67, 3, 4]}"#, provenance: Provenance::default() };
/// let scored = predictor.score(&[document]);
/// let result: serde_json::Value = serde_json::from_slice(scored[0].result.as_deref().unwrap())?;
/// assert_eq!(result["version"], "run-1");
/// let minutes = result["prediction"]["variable"].as_f64().unwrap();
/// assert!((minutes - 16.974).abs() < 1e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Predictor {
    version: String,
    model: Model,
    plan: Plan,
}

impl Predictor {
    /// Loads the model of a directory, checks the serving spec against it, and tests the model with a row of
    /// zeros and with the input example. `run_id` is the version in results. Its default is the run id in
    /// `MLmodel`.
    ///
    /// # Errors
    /// When the model or its spec is not valid, a test fails, neither `run_id` nor `MLmodel` names a run, or
    /// loading takes longer than `clock` allows.
    pub fn load(directory: &ModelDirectory, run_id: Option<&str>, clock: &Clock) -> Result<Self> {
        let description = Description::read(directory)?;
        let version = run_id.or(description.run_id.as_deref());
        let version = version.context("expected a run id in MLmodel, found none: set RUN_ID")?.to_owned();
        let model = Model::load(directory, &description.file, clock)?;
        let plan = Plan::compile(&description, &version, &model, directory)?;
        model.warm_up(clock)?;
        if let Some(example) = model.example(directory)? {
            model.test_example(&example, clock)?;
        }
        Ok(Self { version, model, plan })
    }

    /// Scores a row of zeros, so that the first document does not pay for one-time work. The time that it takes says
    /// how many documents are scored at once at first.
    ///
    /// # Errors
    /// When the model fails on that row.
    pub fn warm_up(&mut self) -> Result<()> {
        self.plan.warm_up(&self.model)
    }

    /// The limits for a batch that ends with the clock, in calls of about `call`; see [`Limits::of_batch`].
    #[must_use]
    pub fn limits(&self, clock: Clock, call: Duration) -> Limits {
        Limits::of_batch(clock, call, self.plan.usual())
    }

    /// The model's name and its version.
    #[must_use]
    pub fn identity(&self) -> (&str, &str) {
        (self.plan.name(), &self.version)
    }

    /// The id of the result for a document. It is the same for every delivery of the record, and differs
    /// between runs.
    #[must_use]
    pub fn id(&self, record: &str, place: u32) -> Uuid {
        self.plan.id(record, place)
    }

    /// Scores documents, and returns their outcomes in the same order. A document's result does not depend on
    /// the other documents. If a document makes an operator panic, only that document is rejected. The model
    /// runs on as many rows at once as fit into 32 MiB.
    #[must_use]
    pub fn score(&self, documents: &[Document<'_>]) -> Vec<Scored> {
        self.plan.score(&self.model, documents)
    }

    /// Does what [`Predictor::score`] does for the first documents: at least one, and as many as the limits permit.
    /// It is none if the clock is over.
    #[must_use]
    pub fn score_within(&self, documents: &[Document<'_>], limits: &Limits) -> Vec<Scored> {
        self.plan.score_within(&self.model, documents, limits)
    }
}

impl Scored {
    pub(crate) fn rejected(rejected: Rejected) -> Self {
        Self { result: Err(rejected), event_time: None }
    }

    /// The bytes of the result.
    pub(crate) fn result_bytes(&self) -> usize {
        self.result.as_ref().map_or(0, Vec::len)
    }

    /// Whether the document became a row of the model's input.
    pub(crate) fn reached_the_model(&self) -> bool {
        matches!(self.result, Ok(_) | Err(Rejected::Model | Rejected::TooMuchMemory | Rejected::Panic))
    }
}
