//! The bytes of a model are refused, or loaded and run. No panic escapes, whatever the bytes are.
#![allow(clippy::expect_used, reason = "a panic is a finding")]

use std::time::Duration;

use predictor::Clock;
use predictor::model::Model;
use predictor::model::directory::ModelDirectory;
use serving_spec::columns::Values;
use tempfile::TempDir;

use crate::budget::{GRACE, START, promised, within};

/// The time to plan the graph.
const PLANNING: Duration = Duration::from_secs(5);

/// The bytes of a long text.
const TEXT: usize = 10_000;

/// The time to run it once.
const RUN: Duration = Duration::from_secs(1);

fn folder() -> (TempDir, ModelDirectory) {
    let folder = tempfile::tempdir().expect("a folder");
    let directory = ModelDirectory::open(folder.path()).expect("the folder");
    (folder, directory)
}

thread_local! {
    // The folder is removed when the thread ends.
    static FOLDER: (TempDir, ModelDirectory) = folder();
}

/// Loads and runs the bytes as a model. Returns whether they could be loaded.
pub fn run(bytes: &[u8]) -> bool {
    FOLDER.with(|(folder, directory)| {
        std::fs::write(folder.path().join("model.onnx"), bytes).expect("the file");
        let clock = Clock::unlimited().within(PLANNING);
        let model = within(START, PLANNING + GRACE, || Model::load(directory, "model.onnx", &clock));
        let Ok(model) = model else { return false };
        // Each run may fail. The second one meets the state that the first one left, and values that cost much if
        // they decide a size.
        let mut rows = model.zeros();
        for _ in 0..2 {
            let clock = Clock::unlimited().within(RUN);
            let _ = within(promised(TEXT), RUN + GRACE, || model.run_within(&rows, &clock));
            for values in &mut rows.inputs {
                match values {
                    Values::Float(values) => values.fill(1e6),
                    Values::Double(values) => values.fill(1e6),
                    Values::Int64(values) => values.fill(1_000_000),
                    Values::String(values) => values.fill("a <b ".repeat(TEXT / 5)),
                    _ => {}
                }
            }
        }
        true
    })
}
