//! Any record has a defined outcome, and does not change the outcomes of the other records of its batch.

use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::support::{self, RIDE, answer, entry, event, ride_handler};
use serde_json::{Value, json};
use stream_predictor::batch::Handler;
use stream_predictor::doors::kinesis;

/// A writer that keeps the log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The answer to an event, and its log lines.
async fn logged(handler: &Handler, event: &str) -> (Value, Vec<Value>) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let answer = answer(handler, event).await;
    drop(guard);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    (answer, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn ride(members: &str) -> Vec<u8> {
    format!(r#"{{"ride_id": 256, "ride": {{{members}}}}}"#).into_bytes()
}

/// A bad payload between two good rides is quarantined with its reason. The rides are predicted.
#[tokio::test]
async fn a_bad_payload_is_quarantined_alone_with_its_reason() {
    let handler = ride_handler();
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let megabytes = "x".repeat(3 << 20);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "the payload is empty"),
        (b"secret".to_vec(), "the payload is not JSON (line 1, column 1)"),
        (b"{\"ride\": {\"secret\"".to_vec(), "the payload is not JSON (line 1, column 18)"),
        (b"{\"ride\": \"secret\xff\"}".to_vec(), "the payload is not UTF-8 (byte 16 of it)"),
        (b"[\"secret\"]".to_vec(), "the payload is JSON but not an object"),
        (b"\"secret\"".to_vec(), "the payload is JSON but not an object"),
        (deep.clone().into_bytes(), "the payload is JSON but not an object"),
        (b"{}".to_vec(), "feature `PU_DO`: field `/ride/PULocationID` is missing"),
        (b"{\"ride\": \"secret\"}".to_vec(), "feature `PU_DO`: field `/ride/PULocationID` is missing"),
        (
            ride(r#""PULocationID": 130, "trip_distance": 1"#),
            "feature `PU_DO`: field `/ride/DOLocationID` is missing",
        ),
        (
            ride(r#""PULocationID": null, "DOLocationID": 205, "trip_distance": 1"#),
            "feature `PU_DO`: field `/ride/PULocationID`: expected a value, found null",
        ),
        (
            ride(r#""PULocationID": ["secret"], "DOLocationID": 205, "trip_distance": 1"#),
            "feature `PU_DO`: field `/ride/PULocationID`: expected a string or a number, found an array",
        ),
        (
            ride(r#""PULocationID": 130, "DOLocationID": 205, "trip_distance": "secret""#),
            "feature `trip_distance`: field `/ride/trip_distance`: expected a number, found a string",
        ),
        (
            ride(r#""PULocationID": 130, "DOLocationID": 205, "trip_distance": true"#),
            "feature `trip_distance`: field `/ride/trip_distance`: expected a number, found a boolean",
        ),
        (
            ride(r#""PULocationID": 130, "DOLocationID": 205, "trip_distance": 1e39"#),
            "feature `trip_distance`: field `/ride/trip_distance`: the number is out of range for float",
        ),
        (
            ride(r#""PULocationID": 130, "DOLocationID": 205, "trip_distance": -1e999"#),
            "feature `trip_distance`: field `/ride/trip_distance`: the number is out of range for double",
        ),
        (
            ride(r#""PULocationID": 130, "DOLocationID": 205, "trip_distance": NaN"#),
            "the payload is not JSON (line 1, column 86)",
        ),
        (
            ride(&format!(r#""PULocationID": 130, "DOLocationID": 205, "trip_distance": {deep}"#)),
            "feature `trip_distance`: field `/ride/trip_distance`: expected a number, found an array",
        ),
        (
            ride(&format!(r#""PULocationID": 130, "DOLocationID": 205, "trip_distance": "{megabytes}""#)),
            "feature `trip_distance`: field `/ride/trip_distance`: expected a number, found a string",
        ),
        (
            br#"{"ride": {"PULocationID": 130, "DOLocationID": 205, "trip_distance": 1}}"#.to_vec(),
            "field `/ride_id` is missing",
        ),
    ];
    for (payload, reason) in cases {
        let event = event(&[RIDE.as_bytes(), &payload, RIDE.as_bytes()]);
        let (answer, log) = logged(&handler, &event).await;
        assert_eq!(answer["predictions"].as_array().unwrap().len(), 2, "{reason}");
        assert_eq!(answer["batchItemFailures"], json!([]), "{reason}");
        let quarantined: Vec<&Value> = log
            .iter()
            .map(|line| &line["fields"])
            .filter(|fields| fields["message"] == "record quarantined")
            .collect();
        assert_eq!(quarantined.len(), 1, "{reason}");
        assert_eq!(quarantined[0]["reason"], reason);
        assert_eq!(quarantined[0]["sequence_number"], support::sequence_number(1));
        assert_eq!(quarantined[0]["shard"], "shardId-000000000000");
        let done =
            log.iter().map(|line| &line["fields"]).find(|fields| fields["message"] == "batch done").unwrap();
        let counts =
            ["records", "published", "quarantined", "reported"].map(|count| done[count].as_u64().unwrap());
        assert_eq!(counts, [3, 2, 1, 0], "{reason}");
        let text = serde_json::to_string(&log).unwrap();
        assert!(!text.contains("secret") && text.len() < 10_000, "the payload is in the log: {reason}");
    }
}

#[tokio::test]
async fn odd_but_harmless_payloads_are_predicted() {
    let handler = ride_handler();
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let megabytes = "9".repeat(1 << 20);
    let payloads = [
        // An unseen pair of zones counts as zero, even if its name has a megabyte.
        ride(&format!(r#""PULocationID": "{megabytes}", "DOLocationID": 205, "trip_distance": 1"#)),
        ride(&format!(r#""PULocationID": 130, "noise": {deep}, "DOLocationID": 205, "trip_distance": 1"#)),
        ride(r#""PULocationID": "130", "DOLocationID": "\u00320\u0035", "trip_distance": 1"#),
        [b" \n\t", RIDE.as_bytes(), b"\r\n "].concat(),
    ];
    let (answer, log) = logged(&handler, &event(&payloads)).await;
    let predictions = answer["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), payloads.len(), "{log:?}");
    let minutes = |at: usize| predictions[at]["prediction"]["ride_duration"].as_f64().unwrap();
    assert!((minutes(1) - minutes(2)).abs() < 1e-9, "both spell the same ride");
    assert!((minutes(0) - minutes(1)).abs() > 1e-3, "an unseen pair is another ride");
}

#[tokio::test]
async fn a_malformed_record_is_quarantined_alone() {
    let handler = ride_handler();
    let good = entry(0, "a", RIDE.as_bytes());
    let mut not_base64 = entry(1, "b", b"");
    not_base64["kinesis"]["data"] = json!("secret*");
    let mut no_data = entry(2, "c", b"");
    no_data["kinesis"].as_object_mut().unwrap().remove("data");
    let mut of_other_type = entry(3, "d", b"");
    of_other_type["kinesis"]["data"] = json!({"secret": 1});
    let event = json!({"Records": [good, not_base64, no_data, of_other_type, null, good]}).to_string();
    let (answer, log) = logged(&handler, &event).await;
    assert_eq!(answer["predictions"].as_array().unwrap().len(), 2);
    let reasons: Vec<_> = log.iter().filter_map(|line| line["fields"]["reason"].as_str()).collect();
    assert_eq!(reasons.len(), 4);
    // The reasons are in the order of the records.
    assert_eq!(reasons[0], "the payload is not base64");
    assert_eq!(reasons[1], "the payload is empty");
    // The position is within the entry, so it is the same in every batch.
    assert!(reasons[2].contains("malformed: line 1, column 143"), "{reasons:?}");
    assert!(reasons[3].contains("malformed: line 1, column 4"), "{reasons:?}");
    assert!(!serde_json::to_string(&log).unwrap().contains("secret"));
}

#[tokio::test]
async fn an_empty_batch_is_a_success() {
    let handler = ride_handler();
    assert_eq!(
        answer(&handler, r#"{"Records": []}"#).await,
        json!({"predictions": [], "batchItemFailures": []})
    );
}

#[tokio::test]
async fn an_event_of_another_source_is_an_error() {
    let handler = ride_handler();
    let limit = support::seconds(5);
    for event in
        [r#"{"Records": [{"eventSource": "aws:sqs", "body": "secret"}]}"#, "{}", "null", r#"{"Records": {}}"#]
    {
        let error = format!("{:#}", kinesis::handle(&handler, event, &limit).await.unwrap_err());
        assert!(error.contains("Kinesis") && !error.contains("secret"), "{event}: {error}");
    }
}

#[tokio::test]
async fn a_record_that_comes_twice_is_predicted_twice_under_one_id() {
    let handler = ride_handler();
    let twice =
        json!({"Records": [entry(0, "a", RIDE.as_bytes()), entry(0, "a", RIDE.as_bytes())]}).to_string();
    let answer = answer(&handler, &twice).await;
    assert_eq!(answer["predictions"][0], answer["predictions"][1]);
    assert_eq!(answer["batchItemFailures"], json!([]));
}
