//! Replay scores records again that were quarantined, or that Lambda gave up. Their results have the ids and
//! bytes of a first delivery. Nothing is lost, and nothing is deleted.

mod long_records;
mod stream;

use std::path::Path;
use std::process::{Command, Output};

use crate::support::bucket::{BUCKET, Bucket};
use crate::support::{self, RIDE, entry, event, fixtures, model_directory};
use predictor::model::directory::ModelDirectory;
use serde_json::{Value, json};
use stream_predictor::config::S3Prefix;
use stream_predictor::quarantine::{Quarantine, S3Store};
use stream_predictor::replay::{Replay, Report};
use stream_predictor::sinks::Sink;
use stream_predictor_local::stack::Stack;

use stream::{Accepted, Stream};

fn prefix(below: &str) -> S3Prefix {
    S3Prefix { bucket: BUCKET.to_owned(), prefix: below.to_owned() }
}

async fn replay(bucket: &Bucket, stream: Option<&Stream>) -> Report {
    let directory = ModelDirectory::open(&model_directory(&fixtures().join("mlflow3"))).unwrap();
    let replay = Replay::load(&directory, None, stream.map(Stream::sink)).unwrap();
    let report = replay.run(&bucket.client(), &prefix("rides")).await.unwrap();
    assert!(bucket.puts.lock().unwrap().is_empty(), "a replay stores nothing");
    report
}

/// The model of the same run, with a misspelt field in its spec. It rejects every ride.
fn misspelt() -> tempfile::TempDir {
    let (folder, model) = (tempfile::tempdir().unwrap(), model_directory(&fixtures().join("mlflow3")));
    for entry in std::fs::read_dir(model).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let mlmodel = std::fs::read_to_string(folder.path().join("MLmodel")).unwrap();
    assert!(mlmodel.contains("/ride/trip_distance"));
    let mlmodel = mlmodel.replace("/ride/trip_distance", "/ride/trip_distanze");
    std::fs::write(folder.path().join("MLmodel"), mlmodel).unwrap();
    folder
}

/// The quarantine after the function, with the model of `folder`, has handled the event.
async fn quarantine(folder: &Path, event: &str) -> Bucket {
    let bucket = Bucket::default();
    let quarantine = Quarantine::S3(S3Store::new(bucket.client(), prefix("rides")));
    let handler = support::quarantining_handler(folder, quarantine, Sink::DryRun);
    assert_eq!(support::answer(&handler, event).await, json!({"batchItemFailures": []}));
    bucket.puts.lock().unwrap().clear();
    bucket
}

/// The object that Lambda writes for a batch that it gives up.
fn given_up(payload: &Value) -> String {
    json!({
        "requestContext": {"requestId": "r", "functionArn": "f", "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0", "timestamp": "2019-11-14T00:38:06.021Z",
        "KinesisBatchInfo": {"shardId": "shardId-000000000000", "batchSize": 2},
        "payload": payload
    })
    .to_string()
}

/// The entries that an event without failures publishes.
async fn published(event: &str) -> Vec<Accepted> {
    let stream = Stream::default();
    let model = model_directory(&fixtures().join("mlflow3"));
    let handler = support::handler(&model, Sink::Kinesis(stream.sink()));
    support::answer(&handler, event).await;
    stream.accepted()
}

#[tokio::test(start_paused = true)]
async fn quarantined_records_are_published_with_the_ids_and_bytes_of_a_first_delivery() {
    let event = event(&[RIDE, "poison", RIDE]);
    let bucket = quarantine(misspelt().path(), &event).await;
    assert_eq!(bucket.lines().len(), 3);
    let before = bucket.objects.lock().unwrap().clone();

    let stream = Stream::default();
    let report = replay(&bucket, Some(&stream)).await;
    let expected = published(&event).await;
    assert_eq!((stream.accepted(), expected.len()), (expected, 2));
    let quarantined: Vec<_> = bucket.lines().iter().map(|line| line["failures"][0]["id"].clone()).collect();
    let ids = stream
        .accepted()
        .into_iter()
        .map(|(_, data)| serde_json::from_slice::<Value>(&data).unwrap()["id"].clone());
    assert!(ids.into_iter().all(|id| quarantined.contains(&id)));

    assert!(report.is_complete());
    assert_eq!(
        report.to_string(),
        "objects    1 of 1, 0 of them unreadable\n\
         records    3: 2 published, 1 rejected again, 0 undelivered\n\
         documents  2 published, 1 rejected again\n  \
         1  the payload is not JSON (line 1, column 1)\n"
    );
    assert_eq!(*bucket.objects.lock().unwrap(), before, "nothing is deleted or changed");
}

#[tokio::test(start_paused = true)]
async fn batches_that_lambda_gave_up_are_published_from_text_and_from_objects() {
    let bucket = Bucket::default();
    let (first, second) = (event(&[RIDE]), json!({"Records": [entry(1, "b", RIDE.as_bytes())]}));
    bucket.put("rides/1", given_up(&Value::String(first.clone())));
    bucket.put("rides/2", given_up(&second));
    let stream = Stream::default();
    let report = replay(&bucket, Some(&stream)).await;
    let expected = [published(&first).await, published(&second.to_string()).await].concat();
    assert_eq!((stream.accepted(), report.is_complete()), (expected, true));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_counts_what_would_be_published_and_publishes_nothing() {
    let large = RIDE.replace("256", &format!("\"{}\"", "x".repeat(1 << 20)));
    let bucket = quarantine(misspelt().path(), &event(&[RIDE, "poison", &large, "[]", "[]"])).await;
    let report = replay(&bucket, None).await;
    assert_eq!((report.records, report.rejected, report.published_documents), (5, 4, 1));
    let text = report.to_string();
    assert!(
        report.is_complete() && text.contains("1 would be published, 4 would be rejected again"),
        "{text}"
    );
    assert!(text.contains("\n  2  the payload is JSON but not an object\n"), "{text}");
    assert!(text.contains("\n  1  the result is too large for the output stream"), "{text}");
    assert!(text.ends_with("this was a dry run: add --publish to publish\n"), "{text}");
}

/// The quarantined lines of a shard, for rides with these keys.
async fn lines(shard: &str, keys: &[&str]) -> Vec<u8> {
    let record = |(place, key): (usize, &&str)| {
        let mut record = entry(place, key, RIDE.as_bytes());
        record["eventID"] = json!(format!("{shard}:{}", support::sequence_number(place)));
        record
    };
    let records: Vec<Value> = keys.iter().enumerate().map(record).collect();
    let bucket = quarantine(misspelt().path(), &json!({"Records": records}).to_string()).await;
    bucket.objects.lock().unwrap().values().flatten().copied().collect()
}

#[tokio::test(start_paused = true)]
async fn records_are_replayed_in_the_order_of_objects_and_lines_one_shard_per_batch() {
    let bucket = Bucket::default();
    bucket.put("rides/b", [lines("shard-0", &["a", "b"]).await, lines("shard-1", &["c"]).await].concat());
    bucket.put("rides/a/x", lines("shard-1", &["d", "d", "e"]).await);
    bucket.put("rides-of-others/a", lines("shard-0", &["z"]).await);
    let many: Vec<String> = (0..201).map(|key| format!("key-{key}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    bucket.put("rides/c", lines("shard-0", &many).await);
    let stream = Stream::default();
    assert!(replay(&bucket, Some(&stream)).await.is_complete());
    let requests = stream.requests();
    assert_eq!(requests[..4], [vec!["d", "e"], vec!["d"], vec!["a", "b"], vec!["c"]]);
    assert_eq!(requests[4..].concat(), many);
    assert_eq!(requests[4..].iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 1]);
}

#[tokio::test(start_paused = true)]
async fn unreadable_objects_are_counted_and_the_others_are_replayed() {
    let bucket = Bucket::default();
    let good = lines("shard-0", &["a", "b"]).await;
    bucket.put("rides/1.jsonl", [b"{\"shard\":\n".as_slice(), &good, b"\xff\n"].concat());
    bucket.put("rides/2.jsonl", good[..good.len() / 4].to_vec());
    bucket.put("rides/3", given_up(&json!({"Records": [{"eventSource": "aws:sqs", "body": "x"}]})));
    bucket.put("rides/4", given_up(&json!("no event")));
    bucket.put("rides/5", "");
    bucket.put("rides/6", vec![b' '; (64 << 20) + 1]);
    bucket.put("rides/7.jsonl", lines("shard-0", &["c"]).await);
    let stream = Stream::default();
    let report = replay(&bucket, Some(&stream)).await;
    assert_eq!(stream.requests(), [vec!["a", "b"], vec!["c"]]);
    assert_eq!((report.objects_read, report.unreadable, report.records), (7, 6, 3));
    assert!(!report.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_reported_batch_is_retried_from_the_reported_record_on() {
    let bucket = Bucket::default();
    // Two records of a key take two requests. The second request is refused, so the second record is
    // reported.
    bucket.put("rides/1", lines("shard-0", &["a", "a", "b"]).await);
    let stream = Stream::default();
    stream.script.lock().unwrap().extend([false, true, true, false]);
    let report = replay(&bucket, Some(&stream)).await;
    assert_eq!(stream.requests(), [vec!["a", "b"], vec!["a", "b"]], "the first is settled");
    assert!(report.is_complete());
    assert_eq!(
        (report.records, report.published_documents),
        (3, 3),
        "b was published twice, but counts once"
    );
}

#[tokio::test(start_paused = true)]
async fn after_the_last_try_the_replay_stops_and_reports_where_and_why() {
    let bucket = Bucket::default();
    bucket.put("rides/1", lines("shard-0", &["a"]).await);
    bucket.put("rides/2", lines("shard-0", &["b", "c"]).await);
    bucket.put("rides/3", lines("shard-0", &["d"]).await);
    let stream = Stream::default();
    stream.script.lock().unwrap().extend([false].into_iter().chain([true; 5]));
    let report = replay(&bucket, Some(&stream)).await;
    assert_eq!(stream.requests(), [["a"]], "later records do not overtake");
    assert!(!report.is_complete());
    assert_eq!((report.records, report.undelivered, report.objects_read), (3, 2, 1));
    let text = report.to_string();
    assert!(
        text.contains("stopped at s3://quarantine/rides/2: ") && text.contains("ResourceNotFound"),
        "{text}"
    );
}

fn run(stack: &Stack, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let model = model_directory(&fixtures().join("mlflow3"));
    Command::new(support::function())
        .env_clear()
        .envs(stack.env())
        .env("MODEL_LOCATION", model)
        .env("PREDICTIONS_STREAM_NAME", "ride_predictions")
        .envs(variables.iter().copied())
        .arg("replay")
        .args(arguments)
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_replays_and_its_exit_code_tells_success() {
    let stack = Stack::start(&support::ministack()).await.unwrap();
    stack.create_stream("ride_predictions", 1).await.unwrap();
    stack.create_bucket(BUCKET).await.unwrap();
    let put = async |key: &str, content: Vec<u8>| {
        stack.s3().put_object().bucket(BUCKET).key(key).body(content.into()).send().await.unwrap();
    };
    put("rides/dt=2022-06-02/shard-0/1.jsonl", lines("shard-0", &["a", "b"]).await).await;
    put("aws/lambda/m/shard-0/2022/06/02/x", given_up(&Value::String(event(&["poison"]))).into()).await;
    put("other/picture", vec![0xff; 100]).await;

    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let dry = run(&stack, &["s3://quarantine"], &[]);
    let (out, err) = (text(dry.stdout), text(dry.stderr));
    assert_eq!(dry.status.code(), Some(1), "{out}{err}");
    assert!(out.contains("records    3: 2 would be published, 1 would be rejected again"), "{out}");
    assert!(err.contains("s3://quarantine/other/picture: neither"), "{err}");

    let dry = run(&stack, &["s3://quarantine/aws/"], &[("TEST_RUN", "True")]);
    assert_eq!(dry.status.code(), Some(0), "a rejected record is not a failure");
    let published = run(&stack, &["s3://quarantine/rides", "--publish"], &[]);
    assert_eq!(published.status.code(), Some(0), "{}", text(published.stderr));
    assert!(text(published.stdout).contains("records    2: 2 published, 0 rejected again, 0 undelivered"));
    let kinesis = stack.kinesis();
    let shard = kinesis.get_shard_iterator().stream_name("ride_predictions").shard_id("shardId-000000000000");
    let shard = shard.shard_iterator_type(aws_sdk_kinesis::types::ShardIteratorType::TrimHorizon);
    let iterator = shard.send().await.unwrap().shard_iterator;
    let found = kinesis.get_records().set_shard_iterator(iterator).send().await.unwrap();
    assert_eq!(found.records().len(), 2);

    for (arguments, variables, expected) in [
        (&["quarantine/rides"][..], &[][..], "`quarantine/rides`: expected s3://bucket/prefix"),
        (&["s3://quarantine/nothing"], &[], "s3://quarantine/nothing holds no object"),
        (
            &["s3://quarantine/rides", "--publish"],
            &[("TEST_RUN", "1")],
            "TEST_RUN=True: --publish needs TEST_RUN=False",
        ),
        (&["s3://no-such-bucket"], &[], "NoSuchBucket"),
        (&["s3://quarantine"], &[("MODEL_LOCATION", "")], "RUN_ID is not set"),
    ] {
        let output = run(&stack, arguments, variables);
        let err = text(output.stderr);
        assert!(output.status.code() == Some(1) && err.contains(expected), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}
