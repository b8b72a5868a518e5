//! Batches and records of the largest sizes, and shards that are split.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{self, RIDE, entry, fixtures, model_directory, seconds};
use serde_json::{Value, json};
use stream_predictor::batch::Handler;
use stream_predictor::config::S3Prefix;
use stream_predictor::doors::kinesis;
use stream_predictor::quarantine::{Quarantine, S3Store};
use stream_predictor::sinks::{KinesisSink, Sink};
use stream_predictor_local::fake::Cloud;
use stream_predictor_local::function::Answer;
use stream_predictor_local::mapping::{Mapping, Settings};

fn handler(cloud: &Cloud) -> Handler {
    cloud.create_stream("ride_predictions", 2);
    cloud.create_bucket("quarantine");
    let prefix = S3Prefix { bucket: "quarantine".to_owned(), prefix: "rides".to_owned() };
    let quarantine = Quarantine::S3(S3Store::new(cloud.s3(), prefix));
    let sink = Sink::Kinesis(KinesisSink::new(cloud.kinesis(), "ride_predictions".to_owned()));
    support::quarantining_handler(&model_directory(&fixtures().join("mlflow3")), quarantine, sink)
}

async fn handle(handler: &Handler, entries: &[Value]) -> Value {
    let event = json!({ "Records": entries }).to_string();
    serde_json::to_value(kinesis::handle(handler, &event, &seconds(60)).await.unwrap()).unwrap()
}

/// A ride whose document has `bytes` bytes.
fn ride_of(bytes: usize, id: usize) -> Vec<u8> {
    let ride = RIDE.replace("256", &id.to_string());
    let ride = ride.strip_suffix('}').unwrap();
    let frame = r#", "noise": ""}"#;
    format!(r#"{ride}, "noise": "{}"}}"#, "x".repeat(bytes - ride.len() - frame.len())).into_bytes()
}

fn ride_ids(cloud: &Cloud) -> Vec<(String, usize)> {
    let id = |data: &[u8]| {
        serde_json::from_slice::<Value>(data).unwrap()["prediction"]["ride_id"].as_u64().unwrap()
    };
    let accepted = cloud.accepted("ride_predictions");
    accepted.into_iter().map(|record| (record.key, usize::try_from(id(&record.data)).unwrap())).collect()
}

#[tokio::test(start_paused = true)]
async fn an_event_of_ten_thousand_records_is_published() {
    let cloud = Cloud::new(7);
    let handler = handler(&cloud);
    let key = |index: usize| format!("key-{}", index % 1_000);
    let entries: Vec<Value> =
        (0..10_000).map(|index| entry(index, &key(index), &ride_of(200, index))).collect();
    assert_eq!(handle(&handler, &entries).await, json!({"batchItemFailures": []}));
    let mut of_key: std::collections::BTreeMap<String, Vec<usize>> = std::collections::BTreeMap::new();
    for (key, id) in ride_ids(&cloud) {
        of_key.entry(key).or_default().push(id);
    }
    assert_eq!(of_key.len(), 1_000);
    for (key_of, ids) in of_key {
        let first = ids[0];
        assert_eq!(key_of, key(first));
        assert_eq!(ids, (0..10).map(|round| first % 1_000 + round * 1_000).collect::<Vec<_>>());
    }
    assert!(cloud.counts().writes <= 24, "{} requests for 10 000 results", cloud.counts().writes);
}

#[tokio::test(start_paused = true)]
async fn records_of_the_largest_size_are_published() {
    for bytes in [1 << 20, 10 << 20] {
        let cloud = Cloud::new(7);
        let handler = handler(&cloud);
        // The partition key counts towards the size.
        let entries = [entry(0, "k", &ride_of(bytes - 1, 0)), entry(1, "k", &ride_of(300, 1))];
        assert_eq!(handle(&handler, &entries).await, json!({"batchItemFailures": []}));
        assert_eq!(ride_ids(&cloud), [("k".to_owned(), 0), ("k".to_owned(), 1)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_of_the_largest_size_is_published_and_a_larger_one_quarantined() {
    let echoed = |bytes: usize| RIDE.replace("256", &format!("\"{}\"", "x".repeat(bytes)));
    let cloud = Cloud::new(7);
    let handler = handler(&cloud);
    let key = "ä".repeat(256);
    handle(&handler, &[entry(0, &key, echoed(0).as_bytes())]).await;
    let frame = cloud.accepted("ride_predictions")[0].data.len() + key.len();
    let room = (1 << 20) - frame;
    // For one result that is too large, the service would refuse the whole request.
    let entries = [0, 1].map(|more| entry(1 + more, &key, echoed(room + more).as_bytes()));
    assert_eq!(handle(&handler, &entries).await, json!({"batchItemFailures": []}));
    let accepted = cloud.accepted("ride_predictions");
    assert_eq!((accepted.len(), accepted[1].data.len() + key.len()), (2, 1 << 20));
    assert_eq!(cloud.objects("quarantine").len(), 1);
    let line = cloud.objects("quarantine").into_values().next().unwrap();
    let line: Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(line["sequence_number"], support::sequence_number(2));
    assert!(
        line["failures"][0]["reason"].as_str().unwrap().contains("1048577 bytes"),
        "{}",
        line["failures"]
    );
}

#[tokio::test(start_paused = true)]
async fn requests_stay_within_the_limit_of_bytes() {
    let cloud = Cloud::new(7);
    let handler = handler(&cloud);
    let echoed = |bytes: usize| RIDE.replace("256", &format!("\"{}\"", "x".repeat(bytes)));
    let entries: Vec<Value> =
        (0..40).map(|index| entry(index, &format!("key-{index}"), echoed(900_000).as_bytes())).collect();
    assert_eq!(handle(&handler, &entries).await, json!({"batchItemFailures": []}));
    assert_eq!(cloud.count("ride_predictions"), 40);
}

/// In both streams, the records of the parent shard come before those of its children.
#[tokio::test]
async fn the_records_of_a_key_keep_their_order_when_both_streams_are_split() {
    let cloud = Cloud::new(7);
    let handler = Arc::new(handler(&cloud));
    cloud.create_stream("ride_events", 1);
    let kinesis = cloud.kinesis();
    let put = async |ids: std::ops::Range<usize>| {
        for id in ids {
            let data = aws_sdk_kinesis::primitives::Blob::new(ride_of(200, id));
            let put =
                kinesis.put_record().stream_name("ride_events").partition_key(format!("key-{}", id % 5));
            put.data(data).send().await.unwrap();
        }
    };
    let split = async |stream: &str, at: u128| {
        let split = kinesis.split_shard().stream_name(stream).shard_to_split("shardId-000000000000");
        split.new_starting_hash_key(at.to_string()).send().await.unwrap();
    };
    put(0..100).await;
    split("ride_events", u128::MAX / 2).await;
    put(100..200).await;
    let invoke = {
        let handler = Arc::clone(&handler);
        move |event: String| {
            let handler = Arc::clone(&handler);
            async move {
                let answer = kinesis::handle(&handler, &event, &seconds(20)).await?;
                Ok(Answer::Response(serde_json::to_value(answer)?))
            }
        }
    };
    let quick = Duration::from_millis(10);
    let settings =
        Settings { batch_size: 7, poll_interval: quick, discovery_interval: quick, ..Settings::default() };
    let mapping =
        Mapping::start(cloud.kinesis(), None, "ride_events", settings, Arc::new(invoke)).await.unwrap();
    // The output stream is split while the mapping runs.
    split("ride_predictions", u128::MAX / 4).await;
    while mapping.statistics().total().settled() < 200 {
        tokio::time::sleep(quick).await;
    }
    mapping.stop().await.unwrap();
    for key in 0..5 {
        let ids =
            ride_ids(&cloud).into_iter().filter(|(of, _)| *of == format!("key-{key}")).map(|(_, id)| id);
        assert_eq!(ids.collect::<Vec<_>>(), (0..200).filter(|id| id % 5 == key).collect::<Vec<_>>());
    }
}
