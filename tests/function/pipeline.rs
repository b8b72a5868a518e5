//! The whole path from stream to stream, with the real function and MLflow's files. No result is lost or
//! repeated.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{self, expected, made_fixtures, model_directory, rides};
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, ShardIteratorType};
use serde_json::Value;
use stream_predictor_local::function::Function;
use stream_predictor_local::mapping::{Mapping, Settings};
use stream_predictor_local::stack::Stack;

const RIDES: usize = 10_000;
const SHARDS: i32 = 2;

/// Ride `index`. The rides of the fixtures repeat, each time with a new id.
fn ride(rides: &[String], index: usize) -> Vec<u8> {
    let mut ride: Value = serde_json::from_str(&rides[index % rides.len()]).unwrap();
    ride["ride_id"] = index.into();
    ride.to_string().into_bytes()
}

async fn put_rides(stack: &Stack, stream: &str) {
    let (kinesis, rides) = (stack.kinesis(), rides(&made_fixtures()));
    for start in (0..RIDES).step_by(500) {
        let entry = |index: usize| {
            let data = Blob::new(ride(&rides, index));
            PutRecordsRequestEntry::builder().partition_key(index.to_string()).data(data).build().unwrap()
        };
        let entries = (start..RIDES.min(start + 500)).map(entry).collect();
        let put = kinesis.put_records().stream_name(stream).set_records(Some(entries)).send().await.unwrap();
        assert_eq!(put.failed_record_count(), Some(0));
    }
}

/// Reads all partition keys and results of a stream, shard by shard.
async fn read(stack: &Stack, stream: &str) -> Vec<(String, Value)> {
    let kinesis = stack.kinesis();
    let shards = kinesis.list_shards().stream_name(stream).send().await.unwrap();
    let mut results = Vec::new();
    for shard in shards.shards() {
        let iterator = kinesis.get_shard_iterator().stream_name(stream).shard_id(shard.shard_id());
        let iterator = iterator.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await.unwrap();
        let mut next = iterator.shard_iterator;
        while let Some(iterator) = next {
            let page = kinesis.get_records().shard_iterator(iterator).limit(10_000).send().await.unwrap();
            if page.records().is_empty() {
                break;
            }
            let result = |record: &aws_sdk_kinesis::types::Record| {
                (
                    record.partition_key().unwrap_or_default().to_owned(),
                    serde_json::from_slice(record.data().as_ref()).unwrap(),
                )
            };
            results.extend(page.records().iter().map(result));
            next = page.next_shard_iterator;
        }
    }
    results
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_rides_are_predicted_by_the_random_forest_once_each() {
    let stack = Stack::start(&support::ministack()).await.unwrap();
    stack.create_stream("ride_events", SHARDS).await.unwrap();
    stack.create_stream("ride_predictions", SHARDS).await.unwrap();
    stack.create_bucket("mlflow-models").await.unwrap();
    let bucket = made_fixtures().join("forest");
    stack.upload_dir(&bucket, "mlflow-models", "").await.unwrap();
    let mlmodel = std::fs::read_to_string(model_directory(&bucket).join("MLmodel")).unwrap();
    let run_id = mlmodel.lines().find_map(|line| line.strip_prefix("run_id: ")).unwrap();

    let mut env = stack.env();
    for (name, value) in [
        ("PREDICTIONS_STREAM_NAME", "ride_predictions"),
        ("RUN_ID", run_id),
        ("MODEL_BUCKET", "mlflow-models"),
        ("MLFLOW_EXPERIMENT_ID", "1"),
    ] {
        env.push((name.to_owned(), value.to_owned()));
    }
    let function = Arc::new(Function::start(support::function(), env, Duration::from_mins(1)).await.unwrap());
    let settings = Settings { batch_size: 1_000, ..Settings::default() };
    let mapping =
        Mapping::start(stack.kinesis(), None, "ride_events", settings, Arc::clone(&function)).await.unwrap();
    put_rides(&stack, "ride_events").await;

    let patience = Instant::now() + Duration::from_mins(2);
    while mapping.statistics().total().settled() < RIDES as u64 {
        assert!(Instant::now() < patience, "{:?}", mapping.statistics());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let statistics = mapping.stop().await.unwrap().total();
    assert_eq!((statistics.delivered, statistics.discarded, statistics.retries), (RIDES as u64, 0, 0));

    let results = read(&stack, "ride_predictions").await;
    assert_eq!(results.len(), RIDES, "each ride has one result");
    let expected = expected(&made_fixtures().join("rides.forest.csv"));
    let mut of_ride = HashMap::new();
    let mut ids = std::collections::HashSet::new();
    for (key, result) in &results {
        let ride_id = result["prediction"]["ride_id"].as_u64().unwrap();
        assert_eq!(*key, ride_id.to_string(), "the result has the key of its ride");
        assert_eq!(result["version"], run_id);
        assert!(ids.insert(result["id"].as_str().unwrap()), "ids are unique");
        assert!(of_ride.insert(ride_id, result["prediction"]["ride_duration"].as_f64().unwrap()).is_none());
    }
    for index in 0..RIDES {
        let (_, minutes) = expected[index % expected.len()];
        let found = of_ride[&(index as u64)];
        assert!((found - minutes).abs() <= 1e-4 * minutes.abs(), "ride {index}: {found} for {minutes}");
    }
}
