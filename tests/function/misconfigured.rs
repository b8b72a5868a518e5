//! A faulty deployment is reported in one line: a wrong run id, a missing bucket or stream, another region, a
//! missing permission.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{self, RIDE, entry, fixtures, model_directory, sequence_number};
use serde_json::json;
use stream_predictor_local::fake::{Cloud, env};
use stream_predictor_local::function::{Answer, Function};

const RUN_ID: &str = "0123456789abcdef0123456789abcdef";

type Lines = Arc<Mutex<Vec<String>>>;

/// Starts the function with services at `address` and with `variables`, and keeps its log.
async fn start(address: SocketAddr, variables: &[(&str, &str)]) -> (anyhow::Result<Function>, Lines) {
    let lines = Lines::default();
    let written = Arc::clone(&lines);
    let on_line = Arc::new(move |line: &str| written.lock().unwrap().push(line.to_owned()));
    let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
    let env = env(address).into_iter().chain(variables).collect();
    let minute = Duration::from_mins(1);
    (Function::start_with_logs(support::function(), env, minute, on_line).await, lines)
}

/// The line that says why the function did not start.
async fn refusal(address: SocketAddr, variables: &[(&str, &str)]) -> String {
    let (function, lines) = start(address, variables).await;
    let lines = lines.lock().unwrap();
    assert!(function.is_err(), "expected a refusal, but the function starts: {lines:?}");
    let told: Vec<_> = lines.iter().filter(|line| line.starts_with("stream-predictor: ")).collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    told[0].clone()
}

/// The variables for a run in a bucket, with a stream that exists.
fn run<'a>(run_id: &'a str, bucket: &'a str) -> [(&'a str, &'a str); 3] {
    [("RUN_ID", run_id), ("MODEL_BUCKET", bucket), ("PREDICTIONS_STREAM_NAME", "ride_predictions")]
}

/// Services with an output stream, and with a bucket that holds a model from MLflow 2. The model is in its
/// own run, whose id is returned, and twice in the run [`RUN_ID`].
async fn services() -> (SocketAddr, String) {
    let cloud = Cloud::new(1);
    cloud.create_stream("ride_predictions", 1);
    cloud.create_bucket("models");
    cloud.create_bucket("empty");
    let folder = model_directory(&fixtures().join("mlflow2"));
    let run_id = folder.ancestors().nth(2).unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        for (run, name) in [(run_id.as_str(), "model"), (RUN_ID, "model"), (RUN_ID, "again")] {
            let key = format!("1/{run}/artifacts/{name}/{file}");
            cloud.put_object("models", &key, std::fs::read(&path).unwrap());
        }
    }
    (cloud.listen().await.unwrap(), run_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_for_a_missing_run_names_the_searched_places() {
    let (address, run_id) = services().await;
    let wrong = "f".repeat(32);
    let line = refusal(address, &run(&wrong, "models")).await;
    let expected =
        format!("RUN_ID={wrong}: expected an ONNX model, found none: neither as s3://models/1/{wrong}");
    assert!(line.contains(&expected), "{line}");
    let line = refusal(address, &run(&run_id, "empty")).await;
    assert!(line.contains("found none: neither as s3://empty/1/"), "{line}");
    let line = refusal(address, &run(&run_id, "nowhere")).await;
    assert!(line.contains("s3://nowhere/1/") && line.contains("NoSuchBucket"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_for_two_models_of_a_run_names_both() {
    let (address, _) = services().await;
    let line = refusal(address, &run(RUN_ID, "models")).await;
    let both = format!("s3://models/1/{RUN_ID}/artifacts/again, s3://models/1/{RUN_ID}/artifacts/model");
    assert!(line.contains(&both) && line.contains("set MODEL_LOCATION"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_for_a_missing_stream_names_the_region() {
    let (address, run_id) = services().await;
    let [run, bucket, _] = run(&run_id, "models");
    let line = refusal(address, &[run, bucket, ("PREDICTIONS_STREAM_NAME", "predictions")]).await;
    assert_eq!(
        line,
        "stream-predictor: PREDICTIONS_STREAM_NAME=predictions: there is no such stream in us-east-1"
    );
    let stream = ("PREDICTIONS_STREAM_NAME", "ride_predictions");
    let line = refusal(address, &[run, bucket, stream, ("QUARANTINE_STREAM_NAME", "nowhere")]).await;
    assert!(line.contains("QUARANTINE_STREAM_NAME=nowhere: there is no such stream"), "{line}");
}

/// Starts a server. `answer` maps the head of a request to the status, headers and body of the response.
fn canned(answer: fn(&str) -> (&'static str, &'static str, String)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = vec![0; 1 << 16];
            let read = stream.read(&mut bytes).unwrap_or_default();
            let (status, headers, body) = answer(&String::from_utf8_lossy(&bytes[..read]));
            let mut text = format!("HTTP/1.1 {status}\r\n{headers}Connection: close\r\n");
            write!(text, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
            let _ = stream.write_all(text.as_bytes());
        }
    });
    address
}

/// An error of S3, as XML.
fn s3_error(code: &str, message: &str) -> String {
    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>")
}

/// An error of Kinesis, as JSON.
fn kinesis_error(code: &str, message: &str) -> String {
    json!({"__type": code, "message": message}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_for_a_bucket_in_another_region_names_that_region() {
    let address = canned(|_| {
        let body = s3_error("PermanentRedirect", "must be addressed using the specified endpoint");
        ("301 Moved Permanently", "x-amz-bucket-region: eu-central-1\r\n", body)
    });
    let [run, bucket, _] = run(RUN_ID, "models");
    let line = refusal(address, &[run, bucket, ("TEST_RUN", "True")]).await;
    assert!(
        line.contains("listing s3://models/1/") && line.contains("the bucket is in eu-central-1"),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_to_read_the_model_is_named() {
    let address = canned(|_| {
        let body = s3_error("AccessDenied", "a text of the service");
        ("403 Forbidden", "", body)
    });
    let [run, bucket, _] = run(RUN_ID, "models");
    let line = refusal(address, &[run, bucket, ("TEST_RUN", "True")]).await;
    let denied = "AccessDenied: the role needs the permission s3:ListBucket";
    assert!(line.contains("listing s3://models/1/") && line.contains(denied), "{line}");
}

/// A missing permission to publish is found only by publishing. The log names it, and no record is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_to_publish_is_named_and_the_record_is_reported() {
    let address =
        canned(|_| ("400 Bad Request", "", kinesis_error("AccessDeniedException", "a text of the service")));
    let model = model_directory(&fixtures().join("mlflow3"));
    let model = ("MODEL_LOCATION", model.to_str().unwrap());
    let stream = ("PREDICTIONS_STREAM_NAME", "ride_predictions");
    let (function, lines) = start(address, &[model, stream]).await;
    let event = json!({"Records": [entry(0, "a", RIDE.as_bytes())]}).to_string();
    let reported = json!({"batchItemFailures": [{"itemIdentifier": sequence_number(0)}]});
    assert_eq!(function.unwrap().invoke(event).await.unwrap(), Answer::Response(reported));
    let lines = lines.lock().unwrap();
    let told = |words: &str| lines.iter().filter(|line| line.contains(words)).count();
    assert_eq!(told("the role needs the permission kinesis:DescribeStreamSummary"), 1, "{lines:?}");
    assert_eq!(told("the role needs the permission kinesis:PutRecords"), 1, "{lines:?}");
    assert_eq!(told("a text of the service"), 0, "{lines:?}");
}
