//! Helpers for the tests of the engine: fixtures, models built node by node, and the engine's results for
//! documents.
#![allow(dead_code, reason = "every test crate uses only a part")]

pub mod onnx;

use std::path::{Path, PathBuf};

use predictor::model::directory::ModelDirectory;
use predictor::{Clock, Document, Predictor, Provenance, Rejected};
use serde_json::Value;

/// The root folder of the repository.
pub fn root() -> &'static Path {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.into_iter().find(|folder| folder.join("tests/fixtures").is_dir()).unwrap()
}

pub fn fixtures() -> PathBuf {
    root().join("tests/fixtures")
}

/// The folder of fixtures that are too large to commit.
pub fn made_fixtures() -> PathBuf {
    let folder = root().join("target/fixtures");
    assert!(folder.is_dir(), "{} is missing: run `make fixtures`", folder.display());
    folder
}

/// Finds the only folder below `root` that holds an `MLmodel`.
pub fn model_directory(root: &Path) -> PathBuf {
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        if folder.join("MLmodel").is_file() {
            return folder;
        }
        let entries = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}; run `make fixtures`", folder.display()));
        open.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()));
    }
    panic!("no MLmodel below {}: run `make fixtures`", root.display());
}

/// The engine with the model of a folder.
pub fn predictor(folder: &Path) -> Predictor {
    Predictor::load(&ModelDirectory::open(folder).unwrap(), None, &Clock::unlimited()).unwrap()
}

/// Scores documents. Each gets its result, or the reason why the engine rejects it.
pub fn score<D: AsRef<[u8]>>(predictor: &Predictor, documents: &[D]) -> Vec<Result<Value, Rejected>> {
    let document = |json| Document { json, provenance: Provenance::default() };
    let documents: Vec<_> = documents.iter().map(|json| document(json.as_ref())).collect();
    let result = |result: Vec<u8>| serde_json::from_slice(&result).unwrap();
    predictor.score(&documents).into_iter().map(|scored| scored.result.map(result)).collect()
}

/// The predictions for the documents that the engine does not reject.
pub fn predictions<D: AsRef<[u8]>>(predictor: &Predictor, documents: &[D]) -> Vec<Value> {
    let results = score(predictor, documents).into_iter().flatten();
    results.map(|result| result["prediction"].clone()).collect()
}

pub const RIDE: &str =
    r#"{"ride": {"PULocationID": 130, "DOLocationID": 205, "trip_distance": 3.66}, "ride_id": 256}"#;

/// The rides of a folder of fixtures, in order.
pub fn rides(folder: &Path) -> Vec<String> {
    let path = folder.join("rides.jsonl");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `make fixtures`", path.display()));
    text.lines().map(str::to_owned).collect()
}

/// scikit-learn's predictions: `(ride_id, minutes)`.
pub fn expected(csv: &Path) -> Vec<(u64, f64)> {
    let text = std::fs::read_to_string(csv)
        .unwrap_or_else(|error| panic!("{}: {error}; run `make fixtures`", csv.display()));
    let row = |line: &str| {
        let (id, minutes) = line.split_once(',').unwrap();
        (id.parse().unwrap(), minutes.parse().unwrap())
    };
    text.lines().skip(1).map(row).collect()
}

/// A program in a virtual environment that make sets up, such as `.venv`.
pub fn tool(environment: &str, name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(environment).join("bin").join(name);
    assert!(path.is_file(), "{} is missing: run `make {environment}/ready`", path.display());
    path
}
