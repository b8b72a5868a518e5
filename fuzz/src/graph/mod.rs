//! A generated graph is refused or scores its records, within its memory and its time. The bytes decide its
//! operators, so that each mutation of them is a valid graph.

mod growing;
mod numbers;
mod rows;
mod texts;

use std::time::Duration;

use arbitrary::Unstructured;
use predictor::model::directory::ModelDirectory;
use predictor::{Clock, Document, Limits, Predictor, Provenance};
use prost::Message;
use tempfile::TempDir;

use crate::budget::{GRACE, START, promised, within};

/// The time to plan the graph.
const PLANNING: Duration = Duration::from_secs(5);

/// The time for all of its records, and for one.
const SCORING: Duration = Duration::from_secs(2);
const DOCUMENT: Duration = Duration::from_millis(250);

thread_local! {
    // The folder is removed when the thread ends.
    static FOLDER: TempDir = tempfile::tempdir().expect("a folder");
}

/// Loads the model that the bytes make, and scores the records that they make. Returns how many of them have a
/// result; none if the model could not be loaded.
pub fn run(bytes: &[u8]) -> Option<usize> {
    let (model, documents) = growing::case(&mut Unstructured::new(bytes)).ok()?;
    let model = model.encode_to_vec();
    let directory = FOLDER.with(|folder| {
        std::fs::write(folder.path().join("model.onnx"), &model).expect("the file");
        ModelDirectory::open(folder.path()).expect("the folder")
    });
    let clock = Clock::unlimited().within(PLANNING);
    let predictor = within(START, PLANNING + GRACE, || Predictor::load(&directory, Some("run"), &clock));
    let predictor = predictor.ok()?;
    let documents: Vec<_> = documents
        .iter()
        .map(|json| Document { json: json.as_bytes(), provenance: Provenance::default() })
        .collect();
    let clock = Clock::unlimited().within(SCORING);
    let limits = Limits { clock, call: SCORING, document: DOCUMENT, results: 4 << 20 };
    let size = documents.iter().map(|document| document.json.len()).sum();
    let scored = within(promised(size), SCORING + GRACE, || predictor.score_within(&documents, &limits));
    assert!(scored.len() <= documents.len());
    Some(scored.iter().filter(|scored| scored.result.is_ok()).count())
}
