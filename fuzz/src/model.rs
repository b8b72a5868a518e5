//! The bytes of a model are refused, or loaded and run: whatever they are, nothing panics that is not caught.
#![allow(clippy::expect_used, reason = "what panics is found")]

use predictor::model::Model;
use predictor::model::directory::ModelDirectory;
use tempfile::TempDir;

fn folder() -> (TempDir, ModelDirectory) {
    let folder = tempfile::tempdir().expect("a folder");
    let directory = ModelDirectory::open(folder.path()).expect("the folder");
    (folder, directory)
}

thread_local! {
    // Removed with the thread.
    static FOLDER: (TempDir, ModelDirectory) = folder();
}

/// Whether it could be loaded.
pub fn run(bytes: &[u8]) -> bool {
    FOLDER.with(|(folder, directory)| {
        std::fs::write(folder.path().join("model.onnx"), bytes).expect("the file");
        let Ok(model) = Model::load(directory, "model.onnx") else { return false };
        // Each may fail. The second run is in the state that the first has left.
        let rows = model.zeros();
        let _ = model.run(&rows);
        let _ = model.run(&rows);
        true
    })
}
