//! An event is refused, or every document in it is predicted or quarantined. The engine has an outcome for
//! any document, and it does not depend on the other documents. The bytes are used as an event, and as
//! documents.
#![allow(clippy::expect_used, reason = "a panic is a finding")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use predictor::model::directory::ModelDirectory;
use predictor::{Clock, Document, Predictor, Provenance};
use stream_predictor::aws::TimeLimit;
use stream_predictor::batch::Handler;
use stream_predictor::doors::kinesis;
use stream_predictor::quarantine::Quarantine;
use stream_predictor::sinks::Sink;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use crate::budget::{GRACE, promised, within};

/// The time of an invocation.
const TIME: Duration = Duration::from_secs(5);

struct Model {
    /// Answers with the predictions.
    test_run: Handler,
    /// Drops them, so that its memory is that of any other sink.
    dry_run: Handler,
    engine: Predictor,
}

/// A model that takes maps, and one that takes columns.
static MODELS: LazyLock<[Model; 2]> = LazyLock::new(|| {
    ["mlflow3", "columns"].map(|name| {
        let folder = model_directory(&crate::root().join("tests/fixtures").join(name));
        let directory = ModelDirectory::open(&folder).expect("a folder");
        let (run_id, clock) = (Some("run"), Clock::unlimited());
        let handler =
            |sink| Handler::load(&directory, run_id, Quarantine::Log, vec![sink], &clock).expect("a model");
        let engine = Predictor::load(&directory, run_id, &clock).expect("a model");
        Model { test_run: handler(Sink::Answer), dry_run: handler(Sink::DryRun), engine }
    })
});

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// Finds the folder below `root` that has a model.
fn model_directory(root: &Path) -> PathBuf {
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        if folder.join("MLmodel").exists() {
            return folder;
        }
        let entries = std::fs::read_dir(folder).expect("a folder");
        open.extend(entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()));
    }
    panic!("no model below {}", root.display());
}

/// Checks both models with the bytes, as an event and as documents.
pub fn run(bytes: &[u8]) {
    let runtime = runtime();
    for model in &*MODELS {
        if let Ok(event) = str::from_utf8(bytes) {
            answer(&runtime, &model.test_run, event);
            let limit = TimeLimit::at(Instant::now() + TIME);
            let run = || runtime.block_on(kinesis::handle(&model.dry_run, event, &limit));
            drop(within(promised(event.len()), TIME + GRACE, run));
        }
        within(promised(2 * bytes.len()), TIME + GRACE, || score(&model.engine, bytes));
    }
}

fn answer(runtime: &Runtime, handler: &Handler, event: &str) {
    let limit = TimeLimit::at(Instant::now() + Duration::from_mins(1));
    let answer = runtime.block_on(kinesis::handle(handler, event, &limit));
    let Ok(records) = kinesis::parse(event) else {
        assert!(answer.is_err());
        return;
    };
    let answer = answer.expect("an event that can be parsed is answered");
    assert!(answer.batch_item_failures.is_empty(), "a test run settles every record");
    let outcomes = answer.outcomes;
    assert_eq!(outcomes.published, answer.predictions.expect("a test run answers with predictions").len());
    assert_eq!(outcomes.reported, 0);
    assert!(outcomes.published + outcomes.quarantined >= records.len(), "no record gets lost");
}

/// Scores the bytes as one document, alone and together with their lines as documents.
fn score(engine: &Predictor, bytes: &[u8]) {
    let document = |json| Document { json, provenance: Provenance::default() };
    let alone = engine.score(&[document(bytes)]);
    let mut documents: Vec<_> = bytes.split(|byte| *byte == b'\n').take(8).map(document).collect();
    documents.push(document(bytes));
    let together = engine.score(&documents);
    assert_eq!((together.len(), together.last()), (documents.len(), alone.last()));
}
