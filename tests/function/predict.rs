//! `stream-predictor predict` writes what the function would publish for the records of a file.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use stream_predictor::doors::kinesis;

use crate::support::{self, RIDE, event, fixtures, model_directory, seconds};

fn predict(folder: &Path, records: &str, stdin: &[u8]) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_stream-predictor"))
        .args(["predict", folder.to_str().unwrap(), "--records", records])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(stdin).unwrap();
    process.wait_with_output().unwrap()
}

fn model() -> std::path::PathBuf {
    model_directory(&fixtures().join("mlflow3"))
}

/// The results, and the lines on standard error.
fn read(output: &Output) -> (Vec<Value>, Vec<String>) {
    let results = std::str::from_utf8(&output.stdout).unwrap().lines();
    let results = results.map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = std::str::from_utf8(&output.stderr).unwrap().lines().map(str::to_owned).collect();
    (results, told)
}

/// All but what says where the record came from.
fn without_source(mut result: Value) -> Value {
    let members = result.as_object_mut().unwrap();
    assert!(members.remove("id").is_some() && members.remove("source").is_some());
    result
}

#[tokio::test]
async fn the_results_are_those_of_the_function() {
    let path = fixtures().join("rides.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let rides: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
    let handled = kinesis::handle(&support::ride_handler(), &event(&rides), &seconds(60)).await.unwrap();
    let expected: Vec<Value> =
        handled.predictions.unwrap().iter().map(|result| serde_json::to_value(result).unwrap()).collect();

    let output = predict(&model(), path.to_str().unwrap(), b"");
    let (results, told) = read(&output);
    assert!(output.status.success() && results.len() == rides.len(), "{told:?}");
    assert_eq!(told, [format!("{0} records, {0} predicted, 0 rejected", rides.len())]);
    assert_eq!(results[1]["source"]["line"], 2);
    assert_eq!(results[1]["source"]["file"], path.to_str().unwrap());
    let found: Vec<Value> = results.into_iter().map(without_source).collect();
    assert_eq!(found, expected.into_iter().map(without_source).collect::<Vec<_>>());

    let again = predict(&model(), path.to_str().unwrap(), b"");
    assert_eq!(again.stdout, output.stdout, "the same ids");
}

#[test]
fn a_rejected_line_is_told_with_its_number_and_the_reason() {
    let records = format!("{RIDE}\n\nnot JSON\n{}\n{RIDE}", RIDE.replace("3.66", "\"far\""));
    let output = predict(&model(), "-", records.as_bytes());
    let (results, told) = read(&output);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<&Value> = results.iter().map(|result| &result["source"]["line"]).collect();
    assert_eq!(lines, [1, 5]);
    assert_ne!(results[0]["id"], results[1]["id"]);
    assert_eq!(
        told,
        [
            "line 3: the payload is not JSON (line 1, column 2)",
            "line 4: feature `trip_distance`: field `/ride/trip_distance`: expected a number, found a string",
            "4 records, 2 predicted, 2 rejected"
        ]
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = predict(&model(), "no-such-file", b"");
    let (results, told) = read(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(results.is_empty());
    assert_eq!(told, ["stream-predictor: `no-such-file`: No such file or directory (os error 2)"]);
}
