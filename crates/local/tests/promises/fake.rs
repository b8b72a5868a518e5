//! Tests the failing services, through the SDK's clients.

use std::time::Duration;

use aws_sdk_kinesis::error::ProvideErrorMetadata as _;
use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use stream_predictor_local::fake::{Accepted, Cloud, Faults, kinesis_config, s3_config};
use tokio::time::{Instant, timeout};

fn cloud(seed: u64) -> Cloud {
    let cloud = Cloud::new(seed);
    cloud.create_stream("s", 2);
    cloud.create_bucket("bucket");
    cloud
}

fn entry(key: &str, data: Vec<u8>) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry::builder().partition_key(key).data(Blob::new(data)).build().unwrap()
}

/// Returns the answer, or the code of the error. The code is empty if there was no answer.
async fn put(
    kinesis: &aws_sdk_kinesis::Client,
    entries: Vec<PutRecordsRequestEntry>,
) -> Result<PutRecordsOutput, String> {
    let put = kinesis.put_records().stream_name("s").set_records(Some(entries)).send();
    let answer = timeout(Duration::from_mins(1), put).await.map_err(|_| String::new())?;
    answer.map_err(|error| error.code().unwrap_or_default().to_owned())
}

fn some(count: usize) -> Vec<PutRecordsRequestEntry> {
    (0..count).map(|index| entry(&index.to_string(), vec![b'x'; 10])).collect()
}

#[tokio::test(start_paused = true)]
async fn each_fault_shows_the_client_its_error_and_writes_or_does_not_write() {
    let of = |faults: Faults| async move {
        let cloud = cloud(7);
        cloud.set_faults(faults);
        let answer = put(&cloud.kinesis(), some(3)).await;
        let at_once = cloud.count("s");
        tokio::time::sleep(Duration::from_mins(1)).await;
        (answer.map(|answer| answer.failed_record_count()), at_once, cloud.count("s"))
    };
    let none = Faults::default();
    assert_eq!(of(none).await, (Ok(Some(0)), 3, 3));
    assert_eq!(of(Faults { refused_entry: 1.0, ..none }).await, (Ok(Some(3)), 0, 0));
    let throttled = Err("ProvisionedThroughputExceededException".to_owned());
    assert_eq!(of(Faults { throttled: 1.0, ..none }).await, (throttled, 0, 0));
    assert_eq!(of(Faults { failed: 1.0, ..none }).await, (Err("InternalFailure".to_owned()), 0, 0));
    assert_eq!(of(Faults { reset: 1.0, ..none }).await, (Err(String::new()), 0, 0));
    assert_eq!(of(Faults { lost_answer: 1.0, ..none }).await, (Err(String::new()), 3, 3));
    assert_eq!(of(Faults { late_write: 1.0, ..none }).await.2, 3, "expected late writes");
    let start = Instant::now();
    let slow = Faults { slow: 1.0, slowness: Duration::from_secs(9), ..none };
    assert_eq!(of(slow).await, (Ok(Some(0)), 3, 3));
    assert!(start.elapsed() > Duration::from_mins(1), "expected a slow answer");
}

#[tokio::test(start_paused = true)]
async fn refused_entries_have_either_code_and_the_other_entries_are_accepted() {
    let cloud = cloud(7);
    cloud.set_faults(Faults { refused_entry: 0.5, ..Faults::default() });
    let answer = put(&cloud.kinesis(), some(200)).await.unwrap();
    let count = |code| answer.records().iter().filter(|answer| answer.error_code() == Some(code)).count();
    let refused = count("ProvisionedThroughputExceededException") + count("InternalFailure");
    assert!(count("ProvisionedThroughputExceededException") > 20 && count("InternalFailure") > 20);
    assert_eq!(
        (cloud.count("s"), answer.failed_record_count()),
        (200 - refused, i32::try_from(refused).ok())
    );
}

/// Returns the records of a run. They do not depend on the clock.
async fn history(seed: u64) -> Vec<(u64, String, u64)> {
    let cloud = cloud(seed);
    cloud.set_faults(Faults::all(0.1));
    for _ in 0..50 {
        let _ = put(&cloud.kinesis(), some(20)).await;
    }
    let kept = |record: Accepted| (record.number, record.key, record.request);
    cloud.accepted("s").into_iter().map(kept).collect()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_has_the_same_history() {
    let first = history(7).await;
    assert_eq!(first, history(7).await);
    assert_ne!(first, history(8).await);
    let keys: Vec<&String> = first.iter().take(20).map(|(_, key, _)| key).collect();
    assert!(!keys.is_sorted(), "entries of a request keep no order: {keys:?}");
}

#[tokio::test(start_paused = true)]
async fn requests_have_the_services_limits() {
    let cloud = cloud(7);
    let kinesis = cloud.kinesis();
    assert!(put(&kinesis, some(500)).await.is_ok());
    assert_eq!(put(&kinesis, some(501)).await.unwrap_err(), "InvalidArgumentException");
    let mebibyte = |key: &str| entry(key, vec![b'x'; (1 << 20) - key.len()]);
    let ten = || (0..10).map(|index| mebibyte(&index.to_string())).collect::<Vec<_>>();
    assert!(put(&kinesis, ten()).await.is_ok());
    assert_eq!(put(&kinesis, [ten(), some(1)].concat()).await.unwrap_err(), "InvalidArgumentException");
    let larger = || vec![entry("k", vec![b'x'; 1 << 20])];
    assert_eq!(put(&kinesis, larger()).await.unwrap_err(), "ValidationException");
    cloud.set_max_record_bytes("s", 10 << 20);
    assert!(put(&kinesis, larger()).await.is_ok());
    assert_eq!(
        put(&kinesis, vec![entry(&"k".repeat(257), vec![])]).await.unwrap_err(),
        "ValidationException"
    );
}

#[tokio::test(start_paused = true)]
async fn a_shard_takes_a_thousand_records_and_a_mebibyte_a_second() {
    let cloud = Cloud::new(7);
    cloud.create_stream("s", 1);
    cloud.limit("s");
    let kinesis = cloud.kinesis();
    let accepted = |answer: PutRecordsOutput| {
        answer.records().iter().filter(|answer| answer.error_code().is_none()).count()
    };
    let mut taken = 0;
    for _ in 0..3 {
        taken += accepted(put(&kinesis, some(500)).await.unwrap());
    }
    assert_eq!(taken, 1_000);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(
        accepted(put(&kinesis, some(500)).await.unwrap()),
        500,
        "expected the records of half a second"
    );
    tokio::time::sleep(Duration::from_secs(5)).await;
    let half = || entry("k", vec![b'x'; (1 << 19) - 1]);
    assert_eq!(accepted(put(&kinesis, vec![half(), half(), half()]).await.unwrap()), 2);
}

#[tokio::test]
async fn a_socket_gives_the_same_results() {
    let cloud = cloud(7);
    let address = format!("http://{}", cloud.listen().await.unwrap());
    let kinesis = aws_sdk_kinesis::Client::from_conf(kinesis_config().endpoint_url(&address).build());
    let s3 = aws_sdk_s3::Client::from_conf(s3_config().endpoint_url(&address).build());
    assert!(put(&kinesis, some(3)).await.is_ok());
    let body = || aws_sdk_s3::primitives::ByteStream::from_static(b"{}\n");
    s3.put_object().bucket("bucket").key("a/b c.jsonl").body(body()).send().await.unwrap();
    assert_eq!(
        cloud.objects("bucket")["a/b c.jsonl"],
        "{}\n",
        "expected the object without the client's framing"
    );
    cloud.put_object("bucket", "a/d", "2");
    let listed = s3.list_objects_v2().bucket("bucket").prefix("a/").send().await.unwrap();
    assert_eq!(
        listed.contents().iter().filter_map(|object| object.key()).collect::<Vec<_>>(),
        ["a/b c.jsonl", "a/d"]
    );
    let got = s3.get_object().bucket("bucket").key("a/d").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), "2");
    assert!(s3.get_object().bucket("none").key("a").send().await.unwrap_err().code() == Some("NoSuchBucket"));

    cloud.set_faults(Faults { reset: 1.0, ..Faults::default() });
    assert_eq!(put(&kinesis, some(3)).await.unwrap_err(), "", "the connection broke");
    assert!(s3.put_object().bucket("bucket").key("x").body(body()).send().await.is_err());
    cloud.set_faults(Faults { throttled: 1.0, ..Faults::default() });
    let slow_down = s3.put_object().bucket("bucket").key("x").body(body()).send().await.unwrap_err();
    assert_eq!(slow_down.code(), Some("SlowDown"));
    assert_eq!((cloud.count("s"), cloud.objects("bucket").len()), (3, 2));
}
