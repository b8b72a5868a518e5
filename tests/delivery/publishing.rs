//! Publishing under scripted failures of `PutRecords`. Only failed entries are sent again, in order, until
//! the deadline.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{self, RIDE, entry, fixtures, model_directory};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::ErrorMetadata;
use aws_sdk_kinesis::operation::put_records::{PutRecordsError, PutRecordsInput, PutRecordsOutput};
use aws_sdk_kinesis::types::PutRecordsResultEntry;
use aws_sdk_kinesis::types::error::{ProvisionedThroughputExceededException, ResourceNotFoundException};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use serde_json::{Value, json};
use stream_predictor::batch::Handler;
use stream_predictor::doors::kinesis;
use stream_predictor::sinks::{KinesisSink, Sink};
use tokio::time::Instant;

/// The behaviour of the service for one request.
#[derive(Clone)]
enum Step {
    /// Accepts all entries except those at these places.
    Refuse(Vec<usize>, &'static str),
    /// Accepts nothing, because requests come too fast.
    Throttle,
    /// Accepts nothing, because of an internal error.
    Fail,
    /// Accepts nothing, because the stream does not exist.
    NoStream,
}

/// The key and data of an entry.
type Accepted = (String, Vec<u8>);

/// A stream that follows a script, and then accepts everything. It keeps the requests.
#[derive(Clone, Default)]
struct Stream {
    script: Arc<Mutex<VecDeque<Step>>>,
    requests: Arc<Mutex<Vec<Vec<String>>>>,
    accepted: Arc<Mutex<Vec<Accepted>>>,
}

impl Stream {
    fn following(script: impl IntoIterator<Item = Step>) -> Self {
        Self { script: Arc::new(Mutex::new(script.into_iter().collect())), ..Self::default() }
    }

    fn handler(&self) -> Handler {
        let stream = self.clone();
        let rule = mock!(Client::put_records).then_compute_response(move |input| stream.answer(input));
        let client = mock_client!(aws_sdk_kinesis, RuleMode::MatchAny, [&rule], |config| {
            config.retry_config(aws_sdk_kinesis::config::retry::RetryConfig::disabled())
        });
        let sink = Sink::Kinesis(KinesisSink::new(client, "ride_predictions".to_owned()));
        support::handler(&model_directory(&fixtures().join("mlflow3")), sink)
    }

    fn answer(&self, input: &PutRecordsInput) -> MockResponse<PutRecordsOutput, PutRecordsError> {
        assert_eq!(input.stream_name(), Some("ride_predictions"));
        let keys = input
            .records()
            .iter()
            .map(|record| record.partition_key().unwrap_or_default().to_owned())
            .collect();
        self.requests.lock().unwrap().push(keys);
        let step = self.script.lock().unwrap().pop_front().unwrap_or(Step::Refuse(vec![], ""));
        let (refused, code) = match step {
            Step::Refuse(places, code) => (places, code),
            Step::Throttle => {
                let error = ProvisionedThroughputExceededException::builder().message("too fast").build();
                return MockResponse::Error(PutRecordsError::ProvisionedThroughputExceededException(error));
            }
            Step::Fail => return MockResponse::Error(PutRecordsError::unhandled("connection reset")),
            Step::NoStream => {
                // The SDK reads the code from the response.
                let code = ErrorMetadata::builder().code("ResourceNotFoundException").build();
                let error = ResourceNotFoundException::builder().message("no stream").meta(code).build();
                return MockResponse::Error(PutRecordsError::ResourceNotFoundException(error));
            }
        };
        let answers = input.records().iter().enumerate().map(|(place, record)| {
            if refused.contains(&place) {
                return PutRecordsResultEntry::builder()
                    .error_code(code)
                    .error_message("account 123456789012")
                    .build();
            }
            self.accepted.lock().unwrap().push((
                record.partition_key().unwrap_or_default().to_owned(),
                record.data().as_ref().to_vec(),
            ));
            PutRecordsResultEntry::builder().sequence_number("1").shard_id("shardId-000000000000").build()
        });
        MockResponse::Output(
            PutRecordsOutput::builder().set_records(Some(answers.collect())).build().unwrap(),
        )
    }

    fn requests(&self) -> Vec<Vec<String>> {
        self.requests.lock().unwrap().clone()
    }

    /// The keys of the accepted entries, in the order of their acceptance.
    fn keys(&self) -> Vec<String> {
        self.accepted.lock().unwrap().iter().map(|(key, _)| key.clone()).collect()
    }

    fn ride_ids(&self) -> Vec<u64> {
        let accepted = self.accepted.lock().unwrap();
        let id = |(_, data): &Accepted| {
            serde_json::from_slice::<Value>(data).unwrap()["prediction"]["ride_id"].as_u64().unwrap()
        };
        accepted.iter().map(id).collect()
    }
}

/// An event with a ride for each key. The id of a ride is its place.
fn rides(keys: &[&str]) -> String {
    let ride = |place: usize| RIDE.replace("256", &place.to_string());
    let entries: Vec<_> =
        keys.iter().enumerate().map(|(place, key)| entry(place, key, ride(place).as_bytes())).collect();
    json!({ "Records": entries }).to_string()
}

async fn handle(handler: &Handler, event: &str, seconds: u64) -> Value {
    let answer = kinesis::handle(handler, event, &support::seconds(seconds)).await.unwrap();
    serde_json::to_value(answer).unwrap()
}

fn failed_at(place: usize) -> Value {
    json!({"batchItemFailures": [{"itemIdentifier": support::sequence_number(place)}]})
}

const THROTTLED: &str = "ProvisionedThroughputExceededException";

#[tokio::test(start_paused = true)]
async fn a_result_goes_out_under_its_records_key() {
    let stream = Stream::default();
    let answer = handle(&stream.handler(), &rides(&["a", "b"]), 30).await;
    assert_eq!(answer, json!({"batchItemFailures": []}), "exactly the answer that Lambda expects");
    assert_eq!(stream.keys(), ["a", "b"]);
    let (_, data) = stream.accepted.lock().unwrap()[0].clone();
    let result: Value = serde_json::from_slice(&data).unwrap();
    assert_eq!(result["model"], "ride_duration_prediction_model");
    assert_eq!(result["source"]["sequence_number"], support::sequence_number(0));
    assert_eq!(result["source"]["arrived_at"], 1_654_161_514.132);
    assert!((result["prediction"]["ride_duration"].as_f64().unwrap() - 20.980_38).abs() < 1e-3);
}

#[tokio::test(start_paused = true)]
async fn only_refused_entries_are_sent_again() {
    let stream =
        Stream::following([Step::Refuse(vec![1, 3], THROTTLED), Step::Refuse(vec![0], "InternalFailure")]);
    let answer = handle(&stream.handler(), &rides(&["a", "b", "c", "d"]), 30).await;
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert_eq!(stream.requests(), [vec!["a", "b", "c", "d"], vec!["b", "d"], vec!["b"]]);
    assert_eq!(stream.keys(), ["a", "c", "d", "b"], "each once");
}

#[tokio::test(start_paused = true)]
async fn results_of_a_key_keep_their_order_under_refusals() {
    let refusals =
        [Step::Refuse(vec![0], THROTTLED), Step::Throttle, Step::Fail, Step::Refuse(vec![0], THROTTLED)];
    let stream = Stream::following(refusals);
    let answer = handle(&stream.handler(), &rides(&["a", "b", "a", "a", "b"]), 60).await;
    assert_eq!(answer, json!({"batchItemFailures": []}));
    let of_key = |places: [u64; 3]| {
        stream.ride_ids().into_iter().filter(move |id| places.contains(id)).collect::<Vec<_>>()
    };
    assert_eq!(of_key([0, 2, 3]), [0, 2, 3]);
    assert_eq!(of_key([1, 4, 9]), [1, 4]);
}

#[tokio::test(start_paused = true)]
async fn more_than_500_results_go_in_several_requests() {
    let keys: Vec<String> = (0..1_201).map(|place| format!("key-{place}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let stream = Stream::default();
    handle(&stream.handler(), &rides(&keys), 30).await;
    let sizes: Vec<usize> = stream.requests().iter().map(Vec::len).collect();
    assert_eq!(sizes, [500, 500, 201]);
    assert_eq!(stream.keys(), keys, "in their order");
}

#[tokio::test(start_paused = true)]
async fn results_refused_until_the_deadline_are_reported_and_nothing_after_them_is_sent() {
    let keys: Vec<String> = (0..600).map(|place| format!("key-{place}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let first = Step::Refuse(vec![7, 30], THROTTLED);
    let stream = Stream::following(
        std::iter::once(first).chain((0..1_000).map(|_| Step::Refuse(vec![0, 1], THROTTLED))),
    );
    let handler = stream.handler();
    let start = Instant::now();
    let answer = handle(&handler, &rides(&keys), 20).await;
    assert_eq!(answer, failed_at(7), "one identifier, the lowest");
    assert_eq!(stream.keys().len(), 498);
    assert!(
        stream.requests()[1..].iter().all(|request| request == &["key-7", "key-30"]),
        "nothing after them is sent"
    );
    let waited = start.elapsed();
    assert!(waited <= Duration::from_secs(20), "no sleep past the deadline: {waited:?}");
    assert!(stream.requests().len() < 60, "waits grow: {} requests", stream.requests().len());
}

#[tokio::test(start_paused = true)]
async fn permanent_errors_are_reported_immediately() {
    let stream = Stream::following([Step::NoStream]);
    let handler = stream.handler();
    let start = Instant::now();
    assert_eq!(handle(&handler, &rides(&["a", "b"]), 30).await, failed_at(0));
    assert_eq!((stream.requests().len(), start.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn past_the_deadline_everything_is_reported_and_nothing_sent() {
    let stream = Stream::default();
    assert_eq!(handle(&stream.handler(), &rides(&["a", "b"]), 0).await, failed_at(0));
    assert_eq!(stream.requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn sequence_numbers_are_compared_as_numbers() {
    // The second record's sequence number is larger, although it sorts first as text.
    let mut records = vec![entry(0, "a", RIDE.as_bytes()), entry(1, "b", RIDE.as_bytes())];
    records[0]["kinesis"]["sequenceNumber"] = json!("9");
    records[1]["kinesis"]["sequenceNumber"] = json!("10");
    records.reverse();
    let stream = Stream::following([Step::NoStream]);
    let answer = handle(&stream.handler(), &json!({ "Records": records }).to_string(), 30).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "9"}]}));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_comes_twice_is_published_twice_under_one_id_even_if_one_is_refused() {
    let stream = Stream::following([Step::Refuse(vec![0], THROTTLED)]);
    let twice =
        json!({"Records": [entry(0, "a", RIDE.as_bytes()), entry(0, "a", RIDE.as_bytes())]}).to_string();
    let answer = handle(&stream.handler(), &twice, 30).await;
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert_eq!(stream.requests(), [["a"], ["a"], ["a"]], "one at a time, and the refused one again");
    let accepted = stream.accepted.lock().unwrap();
    assert_eq!((accepted.len(), &accepted[0]), (2, &accepted[1]));
}

#[tokio::test(start_paused = true)]
async fn a_poison_record_does_not_fail_the_batch() {
    let records = [entry(0, "a", RIDE.as_bytes()), entry(1, "b", b"poison"), entry(2, "c", RIDE.as_bytes())];
    let stream = Stream::default();
    let answer = handle(&stream.handler(), &json!({ "Records": records }).to_string(), 30).await;
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert_eq!(stream.keys(), ["a", "c"]);
}

#[tokio::test(start_paused = true)]
async fn records_that_can_be_neither_published_nor_reported_are_quarantined() {
    let mut records = vec![entry(0, "a", RIDE.as_bytes()); 5];
    records[1]["kinesis"]["sequenceNumber"] = json!("");
    records[2]["kinesis"].as_object_mut().unwrap().remove("partitionKey");
    records[3]["kinesis"]["partitionKey"] = json!("k".repeat(257));
    records[4]["kinesis"]["sequenceNumber"] = json!("12x");
    let stream = Stream::following([Step::NoStream]);
    let answer = handle(&stream.handler(), &json!({ "Records": records }).to_string(), 30).await;
    assert_eq!(answer, failed_at(0));
    assert_eq!(stream.requests(), [["a"]]);
}

#[tokio::test(start_paused = true)]
async fn a_result_of_more_than_1_mib_is_quarantined() {
    let ride = |padding: usize| RIDE.replace("256", &format!("\"{}\"", "x".repeat(padding))).into_bytes();
    let plain = Stream::default();
    let event = json!({"Records": [entry(0, "a", &ride(0))]}).to_string();
    handle(&plain.handler(), &event, 30).await;
    let room = (1 << 20) - plain.accepted.lock().unwrap()[0].1.len() - "a".len();

    let stream = Stream::default();
    let event = json!({"Records": [entry(0, "a", &ride(room)), entry(1, "b", &ride(room + 1))]}).to_string();
    assert_eq!(handle(&stream.handler(), &event, 30).await, json!({"batchItemFailures": []}));
    assert_eq!(stream.keys(), ["a"], "exactly 1 MiB is published, but not a byte more");
}
