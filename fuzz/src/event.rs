//! An event is refused, or every document in it is predicted or quarantined: the bytes are taken for an event, and for the
//! payload of a record.
#![allow(clippy::expect_used, reason = "what panics is found")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use stream_predictor::config::ModelLocation;
use stream_predictor::event::parse;
use stream_predictor::handler::Handler;
use stream_predictor::model::directory::ModelDirectory;
use stream_predictor::quarantine::Quarantine;
use stream_predictor::sink::Sink;
use stream_predictor::time_limit::TimeLimit;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// A handler of a model that takes maps, and one of a model that takes columns.
static HANDLERS: LazyLock<Vec<Handler>> = LazyLock::new(|| {
    let load = |name| {
        let folder = model_directory(&crate::root().join("tests/fixtures").join(name));
        let location = ModelLocation::Folder(folder);
        let directory = runtime().block_on(ModelDirectory::fetch(&location, None)).expect("a folder");
        Handler::load(&directory, Some("run"), Quarantine::Log, Sink::Answer).expect("a model")
    };
    ["mlflow3", "columns"].map(load).into()
});

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// The folder below `root` that has a model.
fn model_directory(root: &Path) -> PathBuf {
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        if folder.join("MLmodel").exists() {
            return folder;
        }
        let entries = std::fs::read_dir(&folder).expect("a folder");
        open.extend(entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()));
    }
    panic!("no model below {}", root.display());
}

/// Both models answer to the bytes, whatever they are taken for.
pub fn run(bytes: &[u8]) {
    let runtime = runtime();
    for handler in &*HANDLERS {
        if let Ok(event) = str::from_utf8(bytes) {
            answer(&runtime, handler, event);
        }
        answer(&runtime, handler, &of_payload(bytes));
    }
}

fn answer(runtime: &Runtime, handler: &Handler, event: &str) {
    let limit = TimeLimit::at(Instant::now() + Duration::from_mins(1));
    let answer = runtime.block_on(handler.handle(event, &limit));
    let Ok(records) = parse(event) else {
        assert!(answer.is_err());
        return;
    };
    let answer = answer.expect("what was read is answered");
    assert!(answer.batch_item_failures.is_empty(), "nothing keeps a test run from settling them all");
    let outcomes = answer.outcomes;
    assert_eq!(outcomes.published, answer.predictions.expect("those of a test run").len());
    assert_eq!(outcomes.reported, 0);
    assert!(outcomes.published + outcomes.quarantined >= records.len(), "none gets lost");
}

/// An event with one record.
fn of_payload(payload: &[u8]) -> String {
    let data = base64_simd::STANDARD.encode_to_string(payload);
    format!(
        r#"{{"Records":[{{"kinesis":{{"partitionKey":"k","sequenceNumber":"49630081","data":"{data}","approximateArrivalTimestamp":1654161514.132}},"eventSource":"aws:kinesis","eventID":"shardId-000000000000:49630081","eventSourceARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/ride_events"}}]}}"#
    )
}
