//! What reaches the log and the quarantine: few lines, each payload once, and no text that somebody else formatted.

use std::io::Write;

use crate::harness::{Case, Outcome, TIMEOUT, canned};
use crate::support::{RIDE, entry, event, kpl};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use stream_predictor_local::function::Answer;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// The fields of the lines with a message.
fn lines(outcome: &Outcome, message: &str) -> Vec<Value> {
    let lines = outcome.log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.map(|line| line["fields"].clone()).filter(|fields| fields["message"] == message).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_100_000_rejected_documents_gives_a_line_in_the_log_and_one_in_the_quarantine() {
    let bomb = gzip(&"{}\n".repeat(100_000));
    assert!(bomb.len() < 1_000);
    let mut case = Case::rides();
    case.timeout *= 6;
    let outcome = case.invoke(event(&[RIDE.as_bytes(), &bomb, RIDE.as_bytes()])).await;
    assert_eq!((outcome.reported(), outcome.published.len()), (None, 2), "{outcome:?}");
    let told = lines(&outcome, "record quarantined");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["documents"], &told[0]["sub_sequence"]), (&json!(100_000), &json!(0)));
    assert!(told[0]["reason"].as_str().unwrap().contains("is missing"), "{told:?}");
    assert!(outcome.log_bytes() < 4_096, "{:?}", outcome.log);
    let [line] = &outcome.quarantined[..] else {
        panic!("expected one line, found {}", outcome.quarantined.len())
    };
    assert_eq!(line["failures"].as_array().unwrap().len(), 2_000);
    assert_eq!(line["more_failures"]["documents"], 98_000);
    assert!(outcome.objects[0] < 500_000, "{:?}", outcome.objects);
    assert!(outcome.memory() < 64 << 20, "{} bytes", outcome.memory());
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_such_records_are_answered_in_time_and_leave_little_behind() {
    let outcome = Case::rides().invoke(event(&vec![gzip(&"{}\n".repeat(100_000)); 5_000])).await;
    assert!(outcome.reported().is_some() && outcome.took < TIMEOUT, "{:?}", outcome.took);
    assert!(outcome.memory() < 100 << 20, "{} bytes", outcome.memory());
    assert!(outcome.log.len() < outcome.quarantined.len() + 5, "{:?}", outcome.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn good_documents_around_the_rejected_ones_of_a_long_record_are_published_once_each() {
    let ride = |place: usize| {
        if place % 1_000 == 999 { "{}".to_owned() } else { RIDE.replace("256", &place.to_string()) }
    };
    let payload = (0..5_000).map(ride).collect::<Vec<_>>().join("\n");
    // Each document has a key of its own, or each request would take one.
    let documents: Vec<_> =
        payload.lines().enumerate().map(|(place, text)| (format!("k{place}"), text)).collect();
    let mut case = Case::rides();
    case.timeout *= 6;
    let outcome = case.invoke(event(&[kpl::aggregate(&documents)])).await;
    assert_eq!(outcome.reported(), None);
    let ride = |data: &[u8]| serde_json::from_slice::<Value>(data).unwrap()["prediction"]["ride_id"].as_u64();
    let mut rides: Vec<_> = outcome.published.iter().filter_map(|record| ride(&record.data)).collect();
    // A request keeps no order of different keys.
    rides.sort_unstable();
    assert!(rides.into_iter().eq((0..5_000).filter(|place| place % 1_000 != 999)));
    let [line] = &outcome.quarantined[..] else {
        panic!("expected one line, found {}", outcome.quarantined.len())
    };
    let places: Vec<_> =
        line["failures"].as_array().unwrap().iter().map(|f| f["sub_sequence_number"].clone()).collect();
    assert_eq!(places, [999, 1_999, 2_999, 3_999, 4_999]);
    assert_eq!(lines(&outcome, "batch done")[0]["quarantined"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_is_quarantined_once_whatever_number_of_its_documents_is_rejected() {
    let document = format!(r#"{{"pad":"{}"}}"#, "p".repeat(80));
    let payload = kpl::aggregate(&vec![("k", document); 30_000]);
    let mut case = Case::rides();
    case.timeout *= 6;
    let outcome = case.invoke(event(&[&payload])).await;
    assert_eq!((outcome.reported(), outcome.quarantined.len()), (None, 1));
    let stored: usize = outcome.objects.iter().sum();
    assert!(stored < payload.len() * 4 / 3 + 500_000, "{stored} bytes for a payload of {}", payload.len());
    assert!(outcome.memory() < 100 << 20, "{} bytes", outcome.memory());
}

/// What a service says of a request.
const QUOTE: &str =
    "Value 'CANARY \u{1b}[31m\nFORGED' at records.1.member.partitionKey failed to satisfy constraint";

#[tokio::test(flavor = "multi_thread")]
async fn the_message_of_a_service_stays_out_of_the_log() {
    for format in ["JSON", "Text"] {
        let address = canned(|_| {
            let error = json!({"__type": "ValidationException\n FORGED", "message": QUOTE});
            ("400 Bad Request", error.to_string().into_bytes())
        });
        let case = Case::rides().with("AWS_LAMBDA_LOG_FORMAT", format);
        let outcome = case.try_start_at(address).await.unwrap().invoke(event(&[RIDE])).await;
        assert!(outcome.reported().is_some());
        let log = outcome.log.join("\n");
        assert!(log.contains("PutRecords to ride_predictions: ValidationException"), "{log}");
        assert!(!log.contains("CANARY") && !log.contains("FORGED") && !log.contains('\u{1b}'), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_an_end_is_given_up() {
    let address = canned(|_| ("200 OK", vec![b' '; 400 << 20]));
    let outcome = Case::rides().try_start_at(address).await.unwrap().invoke(event(&[RIDE])).await;
    assert!(outcome.reported().is_some() && outcome.took < TIMEOUT);
    assert!(outcome.memory() < 100 << 20, "{} bytes", outcome.memory());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_the_log_stays_one_line() {
    let mut hostile = entry(1, "k", b"x");
    hostile["kinesis"]["sequenceNumber"] = json!("4\n ERROR forged \u{1b}[31m\u{2028}");
    hostile["eventID"] = json!("shardId-0\n INFO batch done records=9 published=9\u{1b}[31m\r\0\u{85}:4");
    let long = "s".repeat(1_000_000);
    let mut long_names = entry(2, "k", b"x");
    long_names["eventID"] = json!(format!("{long}:4"));
    let hostile = json!({"Records": [hostile, long_names]}).to_string();
    let case = Case::rides().with("AWS_LAMBDA_LOG_FORMAT", "Text");
    let outcome = case.invoke(hostile).await;
    assert!(!outcome.log.join("").contains(|c: char| c.is_control() || c == '\u{2028}'), "{:?}", outcome.log);
    let told = |words: &str| outcome.log.iter().filter(|line| line.contains(words)).count();
    assert_eq!((told("record quarantined"), told("batch done records=2")), (2, 1), "{:?}", outcome.log);
    assert_eq!(told("forged"), 1);
    assert!(outcome.log_bytes() < 4_096, "{} bytes", outcome.log_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_more_entries_than_a_mapping_sends_fails_at_once() {
    let entries = |count: usize| format!("{{\"Records\":[{}]}}", vec!["0"; count].join(","));
    let outcome = Case::rides().invoke(entries(2_990_000)).await;
    let Answer::FunctionError { message, .. } = &outcome.answer else { panic!("{:?}", outcome.answer) };
    assert!(message.contains("expected at most 10000 entries, found more"), "{message}");
    assert!(outcome.memory() < 36 << 20, "{} bytes", outcome.memory());
    assert!(outcome.log_bytes() < 4_096, "{:?}", outcome.log);

    let outcome = Case::rides().invoke(entries(10_000)).await;
    // Equal entries without a name have equal lines, and equal objects are one.
    assert_eq!((outcome.reported(), outcome.quarantined.len()), (None, 2_000));
    assert_eq!(lines(&outcome, "record quarantined").len(), 10_000);
    assert!(outcome.memory() < 64 << 20, "{} bytes", outcome.memory());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_variable_of_a_library_counts_as_not_set() {
    let names = [
        "AWS_LAMBDA_LOG_LEVEL",
        "RUST_LOG",
        "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT_URL_KINESIS",
        "AWS_PROFILE",
    ];
    let case = names.into_iter().fold(Case::rides(), |case, name| case.with(name, ""));
    let outcome = case.invoke(event(&[RIDE, "poison"])).await;
    assert_eq!((outcome.published.len(), outcome.quarantined.len()), (1, 1));
    assert_eq!(lines(&outcome, "record quarantined").len(), 1, "{:?}", outcome.log);
}
