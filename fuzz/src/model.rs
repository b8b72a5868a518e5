//! The bytes of a model are refused, or loaded and run. No panic escapes, whatever the bytes are.
#![allow(clippy::expect_used, reason = "a panic is a finding")]

use predictor::Clock;
use predictor::model::Model;
use predictor::model::directory::ModelDirectory;
use tempfile::TempDir;

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
        let Ok(model) = Model::load(directory, "model.onnx", &Clock::unlimited()) else { return false };
        // Each run may fail. The second one meets the state that the first one left.
        let rows = model.zeros();
        let _ = model.run(&rows);
        let _ = model.run(&rows);
        true
    })
}
