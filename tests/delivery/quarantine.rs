//! Storing records that can never succeed, under scripted failures of S3 and Kinesis, until the time is up.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::bucket::{BUCKET, Bucket};
use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::types::PutRecordsResultEntry;
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use predictor::decode::PartitionKey;
use serde_json::json;
use stream_predictor::aws::TimeLimit;
use stream_predictor::config::S3Prefix;
use stream_predictor::failure::{Rejected, Undelivered};
use stream_predictor::origin::{Arrival, KinesisOrigin, Origin, SequenceNumber};
use stream_predictor::quarantine::{Quarantine, Quarantined, RejectedDocument, S3Store, Unstored};
use stream_predictor::record::{Content, Record};
use stream_predictor::sinks::KinesisSink;
use tokio::time::Instant;
use uuid::Uuid;

const REASON: Rejected = Rejected::Document(predictor::Rejected::Empty);

fn quarantine(bucket: &Bucket) -> Quarantine {
    let prefix = S3Prefix { bucket: BUCKET.to_owned(), prefix: "rides".to_owned() };
    Quarantine::S3(S3Store::new(bucket.client(), prefix))
}

/// A record that arrived `seconds` after the beginning of 2022-06-02.
fn record(number: usize, shard: &str, seconds: i64) -> Record<'static> {
    let arrived_at: &'static str = Box::leak((1_654_128_000 + seconds).to_string().into_boxed_str());
    Record {
        origin: Origin::Kinesis(KinesisOrigin {
            stream_arn: "arn:of:stream".into(),
            shard: shard.to_owned().into(),
            sequence_number: SequenceNumber::parse(number.to_string().into()),
            arrived_at: Arrival::parse(arrived_at),
        }),
        key: PartitionKey::parse(format!("key-{number}").into()),
        content: payload("U0VDUkVU".to_owned()),
    }
}

fn payload(base64: String) -> Content<'static> {
    Content::Payload { base64: base64.into(), places: Vec::new() }
}

async fn store(quarantine: &Quarantine, records: &[Record<'_>], time: Duration) -> Result<(), Undelivered> {
    unstored(quarantine, records, time).await.map_err(|unstored| unstored.undelivered)
}

async fn unstored(quarantine: &Quarantine, records: &[Record<'_>], time: Duration) -> Result<(), Unstored> {
    let quarantined: Vec<Quarantined> = records
        .iter()
        .map(|record| {
            let rejected = RejectedDocument { id: Uuid::nil(), place: 0, reason: REASON.to_string().into() };
            Quarantined { record, documents: vec![rejected] }
        })
        .collect();
    quarantine.store(("rides", "run"), &quarantined, &TimeLimit::at(Instant::now() + time)).await
}

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test(start_paused = true)]
async fn each_day_and_shard_gets_an_object_with_a_line_per_record() {
    let bucket = Bucket::default();
    let records = [
        record(7, "shard-0", -1),
        record(8, "shard-0", 0),
        record(9, "shard-1", 5),
        record(10, "shard-0", 5),
    ];
    store(&quarantine(&bucket), &records, MINUTE).await.unwrap();
    // The id is cut off: it is the last 36 characters of the name.
    let keys = bucket.keys();
    let names = keys.iter().map(|key| key.strip_suffix(".jsonl").unwrap());
    let folders: Vec<&str> = names.map(|name| &name[..name.len() - 37]).collect();
    assert_eq!(
        folders,
        ["rides/dt=2022-06-01/shard-0/7", "rides/dt=2022-06-02/shard-0/8", "rides/dt=2022-06-02/shard-1/9"]
    );
    let numbers: Vec<_> = bucket.lines().into_iter().map(|line| line["sequence_number"].clone()).collect();
    assert_eq!(numbers, ["7", "8", "10", "9"]);
    assert_eq!(bucket.lines()[0]["payload"], "U0VDUkVU");
}

#[tokio::test(start_paused = true)]
async fn a_redelivery_replaces_only_the_object_of_the_first_delivery() {
    let bucket = Bucket::default();
    let unknown = |entry: &'static str| Record {
        origin: Origin::Kinesis(KinesisOrigin::default()),
        key: Err("".into()),
        content: Content::Malformed { entry: entry.into(), reason: REASON },
    };
    for records in [[record(7, "s", 0)], [record(7, "s", 0)], [unknown("1")], [unknown("2")], [unknown("2")]]
    {
        store(&quarantine(&bucket), &records, MINUTE).await.unwrap();
    }
    assert_eq!((bucket.puts.lock().unwrap().len(), bucket.keys().len()), (5, 3));
}

#[tokio::test(start_paused = true)]
async fn large_objects_are_split_between_lines() {
    let bucket = Bucket::default();
    let records: Vec<Record> = (0..5)
        .map(|number| Record { content: payload("A".repeat(3 << 20)), ..record(number, "s", 0) })
        .collect();
    store(&quarantine(&bucket), &records, MINUTE).await.unwrap();
    let numbers = |body: &Vec<u8>| str::from_utf8(body).unwrap().lines().count();
    let lines: Vec<usize> = bucket.objects.lock().unwrap().values().map(numbers).collect();
    assert_eq!(lines, [2, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn temporary_errors_of_s3_are_retried() {
    let script = [
        (503, "SlowDown"),
        (500, "InternalError"),
        (400, "RequestTimeout"),
        (409, "OperationAborted"),
        (429, ""),
    ];
    let bucket = Bucket::following(script);
    store(&quarantine(&bucket), &[record(7, "s", 0)], MINUTE).await.unwrap();
    assert_eq!((bucket.puts.lock().unwrap().len(), bucket.lines().len()), (6, 1));
}

#[tokio::test(start_paused = true)]
async fn permanent_errors_of_s3_are_reported_immediately() {
    for (status, code) in
        [(404, "NoSuchBucket"), (403, "AccessDenied"), (301, "PermanentRedirect"), (400, "InvalidRequest")]
    {
        let (bucket, start) = (Bucket::following([(status, code)]), Instant::now());
        let error = store(&quarantine(&bucket), &[record(7, "s", 0)], MINUTE).await.unwrap_err();
        assert!(error.reason.contains(code) && error.reason.contains("s3://quarantine/rides/dt="), "{error}");
        assert!(!error.reason.contains("U0VDUkVU"));
        assert_eq!((bucket.puts.lock().unwrap().len(), start.elapsed()), (1, Duration::ZERO));
    }
}

#[tokio::test(start_paused = true)]
async fn retries_end_when_the_time_is_up() {
    let bucket = Bucket::following((0..10_000).map(|_| (503, "SlowDown")));
    let start = Instant::now();
    let error = store(&quarantine(&bucket), &[record(7, "s", 0)], MINUTE).await.unwrap_err();
    assert!(error.reason.contains("SlowDown") && start.elapsed() <= MINUTE, "{error}");
    let tries = bucket.puts.lock().unwrap().len();
    assert!((10..100).contains(&tries), "waits grow: {tries} tries");

    let bucket = Bucket::default();
    let error = store(&quarantine(&bucket), &[record(7, "s", 0)], Duration::ZERO).await.unwrap_err();
    assert!(error.reason.contains("time is up") && bucket.puts.lock().unwrap().is_empty(), "{error}");
}

#[tokio::test]
async fn an_s3_that_does_not_answer_is_given_up_when_the_time_is_up() {
    use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region, retry::RetryConfig};
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(Credentials::new("k", "s", None, None, "test"))
        .endpoint_url(format!("http://{}", mute.local_addr().unwrap()))
        .force_path_style(true)
        .retry_config(RetryConfig::disabled());
    let prefix = S3Prefix { bucket: BUCKET.to_owned(), prefix: String::new() };
    let quarantine = Quarantine::S3(S3Store::new(aws_sdk_s3::Client::from_conf(config.build()), prefix));
    let start = Instant::now();
    let error = store(&quarantine, &[record(7, "s", 0)], Duration::from_millis(300)).await.unwrap_err();
    assert!(error.reason.contains("not answered in time"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(mute.accept().is_ok(), "the function connected");
}

#[tokio::test]
async fn without_a_quarantine_nothing_can_be_stored() {
    let error = store(&Quarantine::Nowhere, &[record(7, "s", 0)], MINUTE).await.unwrap_err();
    assert!(error.reason.contains("QUARANTINE_LOCATION") && error.reason.contains("QUARANTINE_STREAM_NAME"));
    assert_eq!(store(&Quarantine::Log, &[record(7, "s", 0)], MINUTE).await, Ok(()));
}

type Accepted = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A stream that refuses the first entry of the first request.
fn stream(accepted: &Accepted) -> Quarantine {
    let accepted = Arc::clone(accepted);
    let refused = Mutex::new(false);
    let rule = mock!(aws_sdk_kinesis::Client::put_records).then_compute_response(move |input| {
        let first_request = !std::mem::replace(&mut *refused.lock().unwrap(), true);
        let answers = input.records().iter().enumerate().map(|(place, record)| {
            if first_request && place == 0 {
                return PutRecordsResultEntry::builder()
                    .error_code("ProvisionedThroughputExceededException")
                    .build();
            }
            let data = record.data().as_ref().to_vec();
            accepted.lock().unwrap().push((record.partition_key().unwrap_or_default().to_owned(), data));
            PutRecordsResultEntry::builder().sequence_number("1").shard_id("s").build()
        });
        let output = PutRecordsOutput::builder().set_records(Some(answers.collect())).build();
        MockResponse::Output(output.unwrap())
    });
    let client = mock_client!(aws_sdk_kinesis, RuleMode::MatchAny, [&rule], |config| config
        .retry_config(aws_sdk_kinesis::config::retry::RetryConfig::disabled()));
    Quarantine::Stream(KinesisSink::new(client, "rejected".to_owned()))
}

#[tokio::test(start_paused = true)]
async fn a_stream_gets_a_line_per_record_under_its_key_or_its_shard() {
    let accepted = Accepted::default();
    let long = Record { key: Err("k".repeat(257).into()), ..record(8, "shard-0", 0) };
    let unknown = Record {
        origin: Origin::Kinesis(KinesisOrigin::default()),
        key: Err("".into()),
        content: payload("e30=".to_owned()),
    };
    store(&stream(&accepted), &[record(7, "shard-0", 0), long, unknown], MINUTE).await.unwrap();
    let accepted = accepted.lock().unwrap();
    let keys: Vec<&str> = accepted.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["shard-0", "unknown", "key-7"], "the refused record is sent again");
    let line: serde_json::Value = serde_json::from_slice(&accepted[0].1).unwrap();
    assert_eq!(line["partition_key"], json!("k".repeat(257)), "the key is unchanged");
}

#[tokio::test(start_paused = true)]
async fn the_error_for_a_line_too_large_for_a_stream_suggests_s3_and_earlier_lines_are_stored() {
    let accepted = Accepted::default();
    let large = Record { content: payload("A".repeat(1 << 20)), ..record(8, "shard-0", 0) };
    let records = [record(7, "shard-0", 0), large, record(9, "shard-0", 0)];
    let unstored = unstored(&stream(&accepted), &records, MINUTE).await.unwrap_err();
    let reason = unstored.undelivered.reason;
    assert!(reason.contains("shard-0:8 is too large") && reason.contains("QUARANTINE_LOCATION"));
    assert!(!reason.contains("AAAA"));
    assert_eq!((unstored.stored, accepted.lock().unwrap().len()), (1, 1), "the record before it is stored");
}
