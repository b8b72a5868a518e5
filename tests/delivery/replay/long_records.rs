//! Records with more documents than are at hand at once: the quarantine stores them once, before anything behind
//! their first rejected document is published, and a replay finds all of their documents.

use std::time::Duration;

use super::*;
use crate::support::kpl;

/// Documents of a record. The quarantine lists fewer of them one by one.
const DOCUMENTS: usize = 5_000;

/// The documents of a record, each under its own key. Those at `bad` places are rejected.
fn long(bad: impl Fn(usize) -> bool) -> Vec<u8> {
    let document = |place: usize| {
        let text = if bad(place) { "{}".to_owned() } else { RIDE.replace("256", &place.to_string()) };
        (format!("k{place}"), text)
    };
    kpl::aggregate(&(0..DOCUMENTS).map(document).collect::<Vec<_>>())
}

fn ride_ids(accepted: &[Accepted]) -> Vec<u64> {
    let id = |(_, data): &Accepted| {
        serde_json::from_slice::<Value>(data).unwrap()["prediction"]["ride_id"].clone()
    };
    accepted.iter().map(|accepted| id(accepted).as_u64().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn all_documents_of_a_long_record_are_replayed_with_their_ids_and_bytes() {
    let event = event(&[RIDE.as_bytes(), &long(|_| false), RIDE.as_bytes()]);
    let bucket = quarantine(misspelt().path(), &event).await;
    let lines = bucket.lines();
    assert_eq!(lines.len(), 3, "one line for each record");
    assert_eq!(lines[1]["failures"].as_array().unwrap().len(), 2_000);
    assert_eq!(lines[1]["more_failures"]["sub_sequence_numbers"], "2000-4999");
    let stream = Stream::default();
    let report = replay(&bucket, Some(&stream)).await;
    assert_eq!((stream.accepted(), report.records), (published(&event).await, 3));
    assert_eq!(report.published_documents, DOCUMENTS + 2);
}

#[tokio::test(start_paused = true)]
async fn a_redelivered_long_record_gives_the_same_line() {
    let bad = |place: usize| place == 1_999 || place > 3_000;
    let model = model_directory(&fixtures().join("mlflow3"));
    let line = async |first: &[u8]| {
        let bucket = quarantine(&model, &event(&[first, &long(bad)])).await;
        bucket.lines().pop().unwrap()
    };
    // Without the entry before it, it begins elsewhere in what is at hand.
    let (mut alone, mut behind) = (line(b"").await, line(RIDE.as_bytes()).await);
    assert_eq!(alone["failures"].as_array().unwrap().len(), 2_000);
    assert_eq!(
        alone["more_failures"]["sub_sequence_numbers"],
        behind["more_failures"]["sub_sequence_numbers"]
    );
    assert_eq!(alone["failures"].take(), behind["failures"].take());
}

#[tokio::test(start_paused = true)]
async fn nothing_behind_a_rejected_document_is_published_before_the_record_is_stored() {
    let model = model_directory(&fixtures().join("mlflow3"));
    let event = event(&[RIDE.as_bytes(), &long(|place| matches!(place, 2_500 | 4_500)), RIDE.as_bytes()]);
    let (bucket, stream) = (Bucket::following([(403, "AccessDenied")]), Stream::default());
    let store = Quarantine::S3(S3Store::new(bucket.client(), prefix("rides")));
    let handler = support::quarantining_handler(&model, store, Sink::Kinesis(stream.sink()));
    let answer = support::answer(&handler, &event).await;
    assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], support::sequence_number(1));
    let before: Vec<u64> = std::iter::once(256).chain(0..2_500).collect();
    assert_eq!(ride_ids(&stream.accepted()), before);

    stream.requests.lock().unwrap().clear();
    support::answer(&handler, &event).await;
    let all = (0..5_000).filter(|place| !matches!(place, 2_500 | 4_500));
    let all: Vec<u64> = std::iter::once(256).chain(all).chain([256]).collect();
    assert_eq!(ride_ids(&stream.accepted()), all, "all results, in their order");
    assert_eq!(bucket.lines().len(), 1);
}

#[tokio::test]
async fn records_before_a_record_that_takes_all_the_time_are_settled() {
    let model = model_directory(&fixtures().join("mlflow3"));
    let event = event(&[RIDE.as_bytes(), &long(|place| place == 0)]);
    let (bucket, stream) = (Bucket::default(), Stream::default());
    let store = Quarantine::S3(S3Store::new(bucket.client(), prefix("rides")));
    let handler = support::quarantining_handler(&model, store, Sink::Kinesis(stream.sink()));
    // Long enough for the first piece, and too short for the rest of the record.
    let mut time = Duration::from_millis(1);
    while stream.accepted().is_empty() {
        let limit = stream_predictor::aws::TimeLimit::at(tokio::time::Instant::now() + time);
        let answer = stream_predictor::doors::kinesis::handle(&handler, &event, &limit).await.unwrap();
        let failures = answer.batch_item_failures;
        if stream.accepted().len() == 1 {
            assert_eq!(failures[0].item_identifier, support::sequence_number(1));
            assert!(bucket.lines().is_empty());
        }
        time *= 2;
    }
}
