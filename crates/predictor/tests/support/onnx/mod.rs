//! Builds small ONNX models node by node, and loads them into the engine.

mod build;

use std::path::Path;

use predictor::model::directory::ModelDirectory;
use predictor::{Clock, Predictor};
use prost::Message;
use tract_onnx::pb::ModelProto;

#[allow(unused_imports, reason = "every test crate uses only a part")]
pub use build::*;

pub fn load(folder: &Path, model: &ModelProto) -> anyhow::Result<Predictor> {
    load_bytes(folder, &model.encode_to_vec())
}

pub fn load_bytes(folder: &Path, model: &[u8]) -> anyhow::Result<Predictor> {
    std::fs::write(folder.join("model.onnx"), model).unwrap();
    Predictor::load(&ModelDirectory::open(folder)?, Some("run"), &Clock::unlimited())
}

pub fn refusal(model: &ModelProto) -> String {
    refusal_of_bytes(&model.encode_to_vec())
}

pub fn refusal_of_bytes(model: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    format!("{:#}", load_bytes(folder.path(), model).unwrap_err())
}

/// The predictions `y` of a model, for the documents on which it does not fail.
pub fn predictions(model: &ModelProto, documents: &[&str]) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let predictor = load(folder.path(), model).unwrap();
    let predictions = super::predictions(&predictor, documents);
    predictions.iter().map(|prediction| prediction["y"].as_f64().unwrap()).collect()
}
