//! Helpers for the tests: one ministack, and an invoker that follows a script and remembers every event.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use base64_simd::STANDARD;
use serde_json::Value;
use stream_predictor_local::function::Answer;
use stream_predictor_local::mapping::{Counts, Invoke, Mapping, Settings, Statistics};
use stream_predictor_local::stack::Stack;
use tokio::sync::OnceCell;

/// Time limit that holds on a busy machine too.
pub const LIMIT: Duration = Duration::from_secs(30);

/// `MINISTACK`, or the executable in the workspace's virtual environment.
pub fn ministack() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/ministack");
    let path = std::env::var_os("MINISTACK").map_or_else(own, PathBuf::from);
    assert!(path.is_file(), "{} is missing: run `make .venv/ready`, or set MINISTACK", path.display());
    path
}

/// Returns the stack that all tests share. It is never dropped: the watchdog ends it with the test process.
pub async fn stack() -> &'static Stack {
    static STACK: OnceCell<Stack> = OnceCell::const_new();
    STACK.get_or_init(|| async { Stack::start(&ministack()).await.unwrap() }).await
}

/// Returns settings that keep a test short.
pub fn quick() -> Settings {
    Settings {
        poll_interval: Duration::from_millis(20),
        discovery_interval: Duration::from_millis(100),
        retry_delay: Duration::from_millis(10),
        maximum_retry_delay: Duration::from_millis(100),
        ..Settings::default()
    }
}

/// Puts one record for each text, all with one partition key.
pub async fn put(stream: &str, texts: &[&str]) {
    put_keyed(stream, &texts.iter().map(|text| ("key", *text)).collect::<Vec<_>>()).await;
}

/// Puts records in one request, from pairs of partition key and text.
pub async fn put_keyed(stream: &str, records: &[(&str, &str)]) {
    let entries = records.iter().map(|(key, text)| {
        PutRecordsRequestEntry::builder()
            .partition_key(*key)
            .data(text.as_bytes().to_vec().into())
            .build()
            .unwrap()
    });
    let request =
        stack().await.kinesis().put_records().stream_name(stream).set_records(Some(entries.collect()));
    assert_eq!(request.send().await.unwrap().failed_record_count(), Some(0));
}

/// A record as an invocation saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub shard: String,
    pub sequence_number: String,
    pub text: String,
}

/// Reads the event's records.
pub fn records(event: &str) -> Vec<Seen> {
    let event: Value = serde_json::from_str(event).unwrap();
    let of = |record: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Seen {
            shard: record["eventID"].as_str().unwrap().split(':').next().unwrap().to_owned(),
            sequence_number: text(&record["kinesis"]["sequenceNumber"]),
            text: String::from_utf8(STANDARD.decode_to_vec(text(&record["kinesis"]["data"])).unwrap())
                .unwrap(),
        }
    };
    event["Records"].as_array().unwrap().iter().map(of).collect()
}

/// The events of the invoker, one entry for each invocation.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<Vec<Seen>>>>);

impl Log {
    /// Returns the texts of every invocation.
    pub fn batches(&self) -> Vec<Vec<String>> {
        let invocations = self.0.lock().unwrap();
        invocations.iter().map(|seen| seen.iter().map(|record| record.text.clone()).collect()).collect()
    }

    /// Returns every record of every invocation.
    pub fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().concat()
    }
}

/// Returns an invoker that answers with `script`. The script gets the number of the invocation, from 0, and
/// its records.
pub fn scripted<F>(script: F) -> (Arc<impl Invoke>, Log)
where
    F: Fn(usize, &[Seen]) -> anyhow::Result<Answer> + Send + Sync + 'static,
{
    let log = Log::default();
    let invocations = log.clone();
    let invoker = move |event: String| {
        let seen = records(&event);
        let mut invocations = invocations.0.lock().unwrap();
        let answer = script(invocations.len(), &seen);
        invocations.push(seen);
        std::future::ready(answer)
    };
    (Arc::new(invoker), log)
}

/// Returns an empty response, which is a success.
pub fn success() -> anyhow::Result<Answer> {
    Ok(Answer::Response(serde_json::json!({})))
}

/// Returns an unhandled error.
pub fn failure() -> anyhow::Result<Answer> {
    Ok(Answer::FunctionError { kind: "Unhandled".to_owned(), message: "scripted".to_owned() })
}

/// Returns a partial response with this identifier.
pub fn reported(identifier: &str) -> anyhow::Result<Answer> {
    Ok(Answer::Response(serde_json::json!({ "batchItemFailures": [{ "itemIdentifier": identifier }] })))
}

/// Starts a mapping on the shared stack.
pub async fn start(stream: &str, settings: Settings, invoker: Arc<impl Invoke>) -> Mapping {
    let stack = stack().await;
    Mapping::start(stack.kinesis(), Some(stack.s3()), stream, settings, invoker).await.unwrap()
}

/// Waits until the mapping's numbers satisfy `reached`.
pub async fn until(mapping: &Mapping, reached: impl Fn(Counts) -> bool) {
    let start = Instant::now();
    while !reached(mapping.statistics().total()) {
        assert!(start.elapsed() < LIMIT, "after {LIMIT:?}: {:?}", mapping.statistics());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits a little longer than until `count` records are settled, then stops the mapping.
pub async fn settle(mapping: Mapping, count: u64) -> Statistics {
    until(&mapping, |total| total.settled() >= count).await;
    // The pause is long enough to see a record that is sent once too often.
    tokio::time::sleep(Duration::from_millis(100)).await;
    mapping.stop().await.unwrap()
}
