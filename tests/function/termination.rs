//! The end of an execution environment: SIGTERM and the deadline, during a batch and between batches.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{self, RIDE, entry, fixtures, model_directory, sequence_number};
use serde_json::json;
use stream_predictor_local::function::{Answer, Function};

/// A function whose output stream accepts connections and never answers.
async fn function(stream: &TcpListener, timeout: Duration) -> Function {
    let model = model_directory(&fixtures().join("mlflow3"));
    let env = [
        ("MODEL_LOCATION", model.to_str().unwrap()),
        ("PREDICTIONS_STREAM_NAME", "ride_predictions"),
        ("KINESIS_ENDPOINT_URL", &format!("http://{}", stream.local_addr().unwrap())),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Function::start(support::function(), env, timeout).await.unwrap()
}

fn terminate(function: &Function) {
    let id = function.process_id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
}

fn two_rides() -> String {
    json!({"Records": [entry(0, "a", RIDE.as_bytes()), entry(1, "b", RIDE.as_bytes())]}).to_string()
}

fn all_reported() -> Answer {
    Answer::Response(json!({"batchItemFailures": [{"itemIdentifier": sequence_number(0)}]}))
}

/// Whether the process ends within five seconds. A zombie that waits for its parent counts as ended.
fn ends(id: u32) -> bool {
    let patience = Instant::now() + Duration::from_secs(5);
    while Instant::now() < patience {
        let state = Command::new("ps").args(["-o", "stat=", "-p", &id.to_string()]).output().unwrap().stdout;
        if state.is_empty() || state.starts_with(b"Z") {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_during_a_batch_reports_unpublished_records_and_ends_the_process() {
    let stream = TcpListener::bind("127.0.0.1:0").unwrap();
    let function = function(&stream, Duration::from_mins(1)).await;
    let id = function.process_id().unwrap();
    let event = two_rides();
    let start = Instant::now();
    let ending = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        terminate(&function);
    };
    let (answer, ()) = tokio::join!(function.invoke(event), ending);
    assert_eq!(answer.unwrap(), all_reported());
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(ends(id), "the process goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_between_batches_ends_the_process_at_once() {
    let stream = TcpListener::bind("127.0.0.1:0").unwrap();
    let function = function(&stream, Duration::from_mins(1)).await;
    let id = function.process_id().unwrap();
    terminate(&function);
    assert!(ends(id), "the process goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_comes_before_lambda_ends_the_process_at_the_deadline() {
    let stream = TcpListener::bind("127.0.0.1:0").unwrap();
    let timeout = Duration::from_secs(3);
    let function = function(&stream, timeout).await;
    let start = Instant::now();
    assert_eq!(function.invoke(two_rides()).await.unwrap(), all_reported());
    assert!((timeout / 2..timeout).contains(&start.elapsed()), "{:?}", start.elapsed());
}
