//! What the tests share: fixtures, the engine, events as Lambda sends them, and a handler without AWS.
#![allow(dead_code, reason = "every folder of tests is a crate of its own and uses a part")]

pub mod bucket;
pub mod kpl;
pub mod onnx;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use stream_predictor::aws::TimeLimit;
use stream_predictor::batch::Handler;
use stream_predictor::doors::kinesis;
use stream_predictor::error::Rejected;
use stream_predictor::model::directory::ModelDirectory;
use stream_predictor::predictor::{Document, Predictor, Provenance};
use stream_predictor::quarantine::Quarantine;
use stream_predictor::sinks::Sink;
use tokio::time::Instant;

pub const STREAM_ARN: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/ride_events";

/// Of two AWS-shaped sequence numbers of one shard, the longer one is the later.
pub fn sequence_number(index: usize) -> String {
    format!("4963008166608487929058118{:031}", 5_630_324_770 + index)
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The folder of the models that are too large to commit.
pub fn made_fixtures() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fixtures");
    assert!(folder.is_dir(), "{} is missing: run `make fixtures`", folder.display());
    folder
}

/// The one folder below `root` that holds an `MLmodel`.
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
    Predictor::load(&ModelDirectory::open(folder).unwrap(), None).unwrap()
}

/// For each document, its result or why the engine rejects it.
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

pub fn handler(folder: &Path, sink: Sink) -> Handler {
    quarantining_handler(folder, Quarantine::Log, sink)
}

pub fn quarantining_handler(folder: &Path, quarantine: Quarantine, sink: Sink) -> Handler {
    Handler::load(&ModelDirectory::open(folder).unwrap(), None, quarantine, vec![sink]).unwrap()
}

/// A handler with the linear ride model that answers as a test run.
pub fn ride_handler() -> Handler {
    handler(&model_directory(&fixtures().join("mlflow3")), Sink::Answer)
}

/// The entry of one payload in an event.
pub fn entry(index: usize, key: &str, payload: &[u8]) -> Value {
    let sequence_number = sequence_number(index);
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": key,
            "sequenceNumber": sequence_number,
            "data": base64_simd::STANDARD.encode_to_string(payload),
            "approximateArrivalTimestamp": 1_654_161_514.132
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("shardId-000000000000:{sequence_number}"),
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-kinesis-role",
        "awsRegion": "eu-west-1",
        "eventSourceARN": STREAM_ARN
    })
}

/// An event of payloads, each with a key of its own.
pub fn event<P: AsRef<[u8]>>(payloads: &[P]) -> String {
    let entries = payloads
        .iter()
        .enumerate()
        .map(|(index, payload)| entry(index, &format!("key-{index}"), payload.as_ref()));
    json!({"Records": entries.collect::<Vec<_>>()}).to_string()
}

/// A time limit in so many seconds.
pub fn seconds(seconds: u64) -> TimeLimit {
    TimeLimit::at(Instant::now() + Duration::from_secs(seconds))
}

/// The answer of a handler to an event, with time enough.
pub async fn answer(handler: &Handler, event: &str) -> Value {
    let answer = kinesis::handle(handler, event, &seconds(60)).await.unwrap();
    serde_json::to_value(answer).unwrap()
}

pub const RIDE: &str =
    r#"{"ride": {"PULocationID": 130, "DOLocationID": 205, "trip_distance": 3.66}, "ride_id": 256}"#;

/// The rides of a folder of fixtures, in their order.
pub fn rides(folder: &Path) -> Vec<String> {
    let path = folder.join("rides.jsonl");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `make fixtures`", path.display()));
    text.lines().map(str::to_owned).collect()
}

/// scikit-learn's predictions, `(ride_id, minutes)`.
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

/// The local stack's executable.
pub fn ministack() -> PathBuf {
    tool(".venv", "ministack")
}

/// The function's executable.
pub fn function() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_stream-predictor"))
}
