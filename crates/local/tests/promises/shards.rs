//! Tests closed shards, expired iterators and an unreadable stream, on a scripted Kinesis. ministack has none
//! of them.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use stream_predictor_local::mapping::Mapping;

use crate::support::{failure, quick, scripted, settle, success};

/// Returns a client of a Kinesis that answers each operation with `answer`: a result, or the name of an
/// error.
async fn kinesis<F>(answer: F) -> aws_sdk_kinesis::Client
where
    F: Fn(&str, &Value) -> Result<Value, &'static str> + Clone + Send + Sync + 'static,
{
    use aws_sdk_kinesis::config::{BehaviorVersion, Builder, Credentials, Region};
    let serve = |headers: HeaderMap, body: String| async move {
        let target = headers["x-amz-target"].to_str().unwrap();
        match answer(target.rsplit('.').next().unwrap(), &serde_json::from_str(&body).unwrap()) {
            Ok(result) => (StatusCode::OK, result.to_string()),
            Err(error) => {
                (StatusCode::BAD_REQUEST, json!({"__type": error, "message": "scripted"}).to_string())
            }
        }
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async {
        axum::serve(listener, axum::Router::new().fallback(serve)).await.unwrap();
    });
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint);
    aws_sdk_kinesis::Client::from_conf(config.build())
}

fn summary() -> Value {
    json!({"StreamDescriptionSummary": {
        "StreamName": "s", "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s", "StreamStatus": "ACTIVE",
        "RetentionPeriodHours": 24, "StreamCreationTimestamp": 1, "EnhancedMonitoring": [], "OpenShardCount": 1,
    }})
}

fn shard(id: &str, parent: Option<&str>, end: Option<&str>) -> Value {
    json!({
        "ShardId": id, "ParentShardId": parent,
        "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "1"},
        "SequenceNumberRange": {"StartingSequenceNumber": "1", "EndingSequenceNumber": end},
    })
}

/// Returns a page with one record or none, and the next iterator.
fn page(text: Option<(&str, &str)>, next: Option<&str>) -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let record = text.map(|(number, text)| {
        let data = base64_simd::STANDARD.encode_to_string(text);
        json!({"SequenceNumber": number, "PartitionKey": "k", "Data": data, "ApproximateArrivalTimestamp": now})
    });
    json!({"Records": record.into_iter().collect::<Vec<_>>(), "NextShardIterator": next, "MillisBehindLatest": 0})
}

#[tokio::test]
async fn children_are_read_when_every_record_of_their_parent_is_settled() {
    let client = kinesis(|operation, request| {
        Ok(match operation {
            "DescribeStreamSummary" => summary(),
            // The shards come in the wrong order, and on two pages.
            "ListShards" if request["NextToken"].is_null() => {
                json!({"Shards": [shard("child", Some("parent"), None)], "NextToken": "2"})
            }
            "ListShards" => json!({"Shards": [shard("parent", None, Some("2"))]}),
            "GetShardIterator" => {
                json!({"ShardIterator": format!("{} 1", request["ShardId"].as_str().unwrap())})
            }
            "GetRecords" => match request["ShardIterator"].as_str().unwrap() {
                "parent 1" => page(Some(("9", "p9")), Some("parent 2")),
                "parent 2" => page(None, Some("parent 3")),
                "parent 3" => page(Some(("10", "p10")), None),
                "child 1" => page(Some(("11", "c11")), Some("child 2")),
                "child 2" => page(None, Some("child 2")),
                unknown => panic!("{unknown}"),
            },
            unknown => panic!("{unknown}"),
        })
    })
    .await;
    let (invoker, log) = scripted(|number, _| if (1..4).contains(&number) { failure() } else { success() });
    let mapping = Mapping::start(client, None, "s", quick(), invoker).await.unwrap();
    let total = settle(mapping, 3).await.total();
    assert_eq!(log.batches(), [["p9"], ["p10"], ["p10"], ["p10"], ["p10"], ["c11"]]);
    assert_eq!((total.delivered, total.retries), (3, 3));
}

#[tokio::test]
async fn an_expired_iterator_is_replaced_after_the_last_record_read() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let iterators = Arc::clone(&asked);
    let client = kinesis(move |operation, request| match operation {
        "DescribeStreamSummary" => Ok(summary()),
        "ListShards" => Ok(json!({"Shards": [shard("0", None, None)]})),
        "GetShardIterator" => {
            let mut iterators = iterators.lock().unwrap();
            iterators.push((request["ShardIteratorType"].clone(), request["StartingSequenceNumber"].clone()));
            Ok(json!({"ShardIterator": format!("fresh {}", iterators.len())}))
        }
        "GetRecords" => match request["ShardIterator"].as_str().unwrap() {
            "fresh 1" => Ok(page(Some(("1", "a")), Some("stale"))),
            "stale" => Err("ExpiredIteratorException"),
            "fresh 2" => Ok(page(Some(("2", "b")), Some("fine"))),
            _ => Ok(page(None, Some("fine"))),
        },
        unknown => panic!("{unknown}"),
    })
    .await;
    let (invoker, log) = scripted(|_, _| success());
    let mapping = Mapping::start(client, None, "s", quick(), invoker).await.unwrap();
    settle(mapping, 2).await;
    assert_eq!(log.batches(), [["a"], ["b"]]);
    let expected = [(json!("TRIM_HORIZON"), Value::Null), (json!("AFTER_SEQUENCE_NUMBER"), json!("1"))];
    assert_eq!(*asked.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_stream_that_is_unreadable_for_a_while_loses_no_record() {
    let reads = Arc::new(AtomicUsize::new(0));
    let client = kinesis(move |operation, _| match operation {
        "DescribeStreamSummary" => Ok(summary()),
        "ListShards" => Ok(json!({"Shards": [shard("0", None, None)]})),
        "GetShardIterator" => Ok(json!({"ShardIterator": "1"})),
        "GetRecords" => match reads.fetch_add(1, Ordering::SeqCst) {
            // The SDK does not retry this error by itself.
            0..3 => Err("KMSDisabledException"),
            3 => Ok(page(Some(("1", "a")), Some("2"))),
            _ => Ok(page(None, Some("2"))),
        },
        unknown => panic!("{unknown}"),
    })
    .await;
    let (invoker, log) = scripted(|_, _| success());
    let mapping = Mapping::start(client, None, "s", quick(), invoker).await.unwrap();
    settle(mapping, 1).await;
    assert_eq!(log.batches(), [["a"]]);
}
