//! Helpers for the tests: fixtures, the engine, events as Lambda sends them, and a handler without AWS.
#![allow(dead_code, reason = "every test crate uses only a part")]

pub mod bucket;
#[path = "../../crates/predictor/tests/support/mod.rs"]
mod engine;
pub mod kpl;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use engine::*;
use limits::Clock;
use predictor::model::directory::ModelDirectory;
use serde_json::{Value, json};
use stream_predictor::aws::TimeLimit;
use stream_predictor::batch::Handler;
use stream_predictor::doors::kinesis;
use stream_predictor::quarantine::Quarantine;
use stream_predictor::sinks::Sink;
use tokio::time::Instant;

pub const STREAM_ARN: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/ride_events";

/// A sequence number in the format of AWS. Within a shard, a later record has a larger number.
pub fn sequence_number(index: usize) -> String {
    format!("4963008166608487929058118{:031}", 5_630_324_770 + index)
}

pub fn handler(folder: &Path, sink: Sink) -> Handler {
    quarantining_handler(folder, Quarantine::Log, sink)
}

pub fn quarantining_handler(folder: &Path, quarantine: Quarantine, sink: Sink) -> Handler {
    Handler::load(&ModelDirectory::open(folder).unwrap(), None, quarantine, vec![sink], &Clock::unlimited())
        .unwrap()
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

/// An event of payloads. Each has another key.
pub fn event<P: AsRef<[u8]>>(payloads: &[P]) -> String {
    let entries = payloads
        .iter()
        .enumerate()
        .map(|(index, payload)| entry(index, &format!("key-{index}"), payload.as_ref()));
    json!({"Records": entries.collect::<Vec<_>>()}).to_string()
}

/// A time limit in `seconds` seconds.
pub fn seconds(seconds: u64) -> TimeLimit {
    TimeLimit::at(Instant::now() + Duration::from_secs(seconds))
}

/// The answer of a handler to an event, with a limit of a minute.
pub async fn answer(handler: &Handler, event: &str) -> Value {
    let answer = kinesis::handle(handler, event, &seconds(60)).await.unwrap();
    serde_json::to_value(answer).unwrap()
}

/// The local stack's executable.
pub fn ministack() -> PathBuf {
    tool(".venv", "ministack")
}

/// The function's executable.
pub fn function() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_stream-predictor"))
}
