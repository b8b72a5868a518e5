//! The function is a replacement for the Python function, with the same environment, events and answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{self, fixtures, model_directory};
use serde_json::{Value, json};
use stream_predictor_local::function::{Answer, Function};

async fn function(variables: &[(&str, &str)]) -> Function {
    let env = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Function::start(support::function(), env, Duration::from_secs(10)).await.unwrap()
}

/// The function, started as the Python function is in tests: with a folder for the model, and without AWS.
async fn test_run() -> Function {
    let model = model_directory(&fixtures().join("mlflow3"));
    function(&[("MODEL_LOCATION", model.to_str().unwrap()), ("RUN_ID", "Test123"), ("TEST_RUN", "True")])
        .await
}

async fn invoke(function: &Function, event: &Value) -> Value {
    match function.invoke(event.to_string()).await.unwrap() {
        Answer::Response(value) => value,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_event_of_the_python_function_gets_the_same_answer() {
    let function = test_run().await;
    let data = "ewogICAgICAgICJyaWRlIjogewogICAgICAgICAgICAiUFVMb2NhdGlvbklEIjogMTMwLAogICAgICAgICAgICAiRE9Mb2NhdGlvbklEIjogMjA1LAogICAgICAgICAgICAidHJpcF9kaXN0YW5jZSI6IDMuNjYKICAgICAgICB9LCAKICAgICAgICAicmlkZV9pZCI6IDI1NgogICAgfQ==";
    let mut event: Value = serde_json::from_str(&support::event(&[b""])).unwrap();
    event["Records"][0]["kinesis"]["data"] = json!(data);
    let answer = invoke(&function, &event).await;
    let prediction = &answer["predictions"][0];
    assert_eq!(prediction["model"], "ride_duration_prediction_model");
    assert_eq!(prediction["version"], "Test123");
    assert_eq!(prediction["prediction"]["ride_id"], 256);
    assert!((prediction["prediction"]["ride_duration"].as_f64().unwrap() - 20.980_38).abs() < 1e-3);
    assert_eq!(answer["batchItemFailures"], json!([]));

    // A hand-made event may have only the payload.
    let bare = invoke(&function, &json!({"Records": [{"kinesis": {"data": data}}]})).await;
    assert_eq!(bare["predictions"][0]["prediction"], prediction["prediction"]);
}

#[tokio::test]
async fn an_event_of_another_source_is_a_function_error() {
    let function = test_run().await;
    let answer =
        function.invoke(r#"{"Records": [{"eventSource": "aws:sqs", "body": "secret"}]}"#).await.unwrap();
    let Answer::FunctionError { message, .. } = answer else { panic!("{answer:?}") };
    assert!(message.contains("aws:kinesis") && !message.contains("secret"), "{message}");
    // The process continues.
    assert_eq!(
        invoke(&function, &json!({"Records": []})).await,
        json!({"predictions": [], "batchItemFailures": []})
    );
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn an_event_that_is_not_json_is_a_function_error() {
    let function = test_run().await;
    assert!(matches!(function.invoke("{\"Records\": [").await.unwrap(), Answer::FunctionError { .. }));
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn an_event_of_6_mb_is_answered() {
    let function = test_run().await;
    let padding = "x".repeat(1_000_000);
    let ride = support::RIDE.replace('}', &format!(", \"noise\": \"{padding}\"}}"));
    let answer = invoke(&function, &serde_json::from_str(&support::event(&[&ride, &ride])).unwrap()).await;
    assert_eq!(answer["predictions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_log_never_contains_a_payload_at_any_level() {
    let model = model_directory(&fixtures().join("mlflow3"));
    let env = [
        ("MODEL_LOCATION", model.to_str().unwrap()),
        ("TEST_RUN", "True"),
        ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
        ("RUST_LOG", "trace"),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let book = Arc::clone(&lines);
    let on_line = Arc::new(move |line: &str| book.lock().unwrap().push(line.to_owned()));
    let function =
        Function::start_with_logs(support::function(), env, Duration::from_secs(10), on_line).await.unwrap();
    let secret = support::RIDE
        .replace("205", "987654321")
        .replace("130", "\"SECRET-1\"")
        .replace("256", "\"SECRET-2\"");
    let event = support::event(&[secret.as_str(), "SECRET-3", &secret.replace("3.66", "\"SECRET-4\"")]);
    let answer = invoke(&function, &serde_json::from_str(&event).unwrap()).await;
    assert_eq!(answer["predictions"].as_array().unwrap().len(), 1);
    function.invoke(r#"{"Records": ["SECRET-5"#).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let log = lines.lock().unwrap().join("\n");
    assert!(log.contains("record quarantined") && log.contains("batch done"));
    assert!(
        !log.contains("SECRET")
            && !log.contains("987654321")
            && !log.contains(&base64_simd::STANDARD.encode_to_string("SECRET-3")),
        "{log}"
    );
}

/// A function whose Kinesis accepts connections and never answers.
async fn mute_stream(test_run: &str) -> (std::net::TcpListener, Function) {
    let stream = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    stream.set_nonblocking(true).unwrap();
    let model = model_directory(&fixtures().join("mlflow3"));
    let function = function(&[
        ("MODEL_LOCATION", model.to_str().unwrap()),
        ("TEST_RUN", test_run),
        ("PREDICTIONS_STREAM_NAME", "ride_predictions"),
        ("KINESIS_ENDPOINT_URL", &format!("http://{}", stream.local_addr().unwrap())),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ])
    .await;
    (stream, function)
}

#[tokio::test]
async fn a_test_run_publishes_nothing_whatever_stream_is_named() {
    let (stream, function) = mute_stream("True").await;
    let event = serde_json::from_str(&support::event(&[support::RIDE])).unwrap();
    assert_eq!(invoke(&function, &event).await["predictions"].as_array().unwrap().len(), 1);
    assert!(stream.accept().is_err(), "the function does not connect to the stream");
}

#[tokio::test]
async fn a_stream_that_does_not_answer_is_reported_before_the_time_is_up() {
    let (stream, function) = mute_stream("False").await;
    let event = serde_json::from_str(&support::event(&[support::RIDE])).unwrap();
    let answer = invoke(&function, &event).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": support::sequence_number(0)}]}));
    assert!(stream.accept().is_ok() && function.starts() == 1);
}

#[tokio::test]
async fn a_stream_that_cannot_be_reached_is_reported_before_the_time_is_up() {
    let model = model_directory(&fixtures().join("mlflow3"));
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let function = function(&[
        ("MODEL_LOCATION", model.to_str().unwrap()),
        ("PREDICTIONS_STREAM_NAME", "ride_predictions"),
        ("KINESIS_ENDPOINT_URL", &format!("http://{unused}")),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ])
    .await;
    let event = serde_json::from_str(&support::event(&[support::RIDE, "poison", support::RIDE])).unwrap();
    let answer = invoke(&function, &event).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": support::sequence_number(0)}]}));
}
