//! Tests each promise of the event source mapping, against a real stream.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::{
    self, failure, put, put_keyed, quick, reported, scripted, settle, stack, start, success, until,
};
use stream_predictor_local::function::{Answer, MAX_PAYLOAD_BYTES};
use stream_predictor_local::mapping::dead_letter::{Condition, read_all};
use stream_predictor_local::mapping::{Counts, Settings, StartingPosition};

#[tokio::test]
async fn every_record_comes_once_in_its_shards_order_and_no_batch_is_too_large() {
    stack().await.create_stream("order", 3).await.unwrap();
    let keys = ["a", "b", "c", "d", "e", "f"];
    let texts =
        (0..240).map(|number| format!("{} {number:03}", keys[number % keys.len()])).collect::<Vec<_>>();
    put_keyed("order", &texts.iter().map(|text| (&text[..1], text.as_str())).collect::<Vec<_>>()).await;
    let (invoker, log) = scripted(|_, _| success());
    let mapping = start("order", Settings { batch_size: 7, ..quick() }, invoker).await;
    let statistics = settle(mapping, 240).await;

    assert!(log.batches().iter().all(|batch| (1..=7).contains(&batch.len())));
    let mut by_shard = BTreeMap::<_, Vec<_>>::new();
    for seen in log.seen() {
        by_shard.entry(seen.shard).or_default().push(seen.text[2..].to_owned());
    }
    assert!(by_shard.len() > 1, "expected keys on several shards");
    assert_eq!(by_shard.values().map(Vec::len).sum::<usize>(), 240);
    assert!(by_shard.values().all(|numbers| numbers.is_sorted()));
    for (shard, numbers) in by_shard {
        let counts = statistics.shards[&shard];
        assert_eq!((counts.received, counts.delivered), (numbers.len() as u64, numbers.len() as u64));
    }
    assert_eq!(statistics.total().retries, 0);
}

#[tokio::test]
async fn a_batching_window_gathers_the_records_that_arrive_within_it() {
    stack().await.create_stream("window", 1).await.unwrap();
    let (invoker, log) = scripted(|_, _| success());
    let settings = Settings { batching_window: Duration::from_secs(2), ..quick() };
    let mapping = start("window", settings, invoker).await;
    put("window", &["1"]).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    put("window", &["2"]).await;
    settle(mapping, 2).await;
    assert_eq!(log.batches(), [["1", "2"]]);
}

#[tokio::test]
async fn without_a_window_nothing_waits() {
    stack().await.create_stream("no-window", 1).await.unwrap();
    let (invoker, log) = scripted(|_, _| success());
    let mapping = start("no-window", quick(), invoker).await;
    put("no-window", &["1"]).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    put("no-window", &["2"]).await;
    settle(mapping, 2).await;
    assert_eq!(log.batches(), [["1"], ["2"]]);
}

#[tokio::test]
async fn a_partial_response_is_a_checkpoint() {
    stack().await.create_stream("partial", 1).await.unwrap();
    put("partial", &["1", "2", "3", "4", "5"]).await;
    let (invoker, log) =
        scripted(|number, seen| if number == 0 { reported(&seen[2].sequence_number) } else { success() });
    let mapping = start("partial", Settings { maximum_retry_attempts: 0, ..quick() }, invoker).await;
    let total = settle(mapping, 5).await.total();
    assert_eq!(log.batches(), [vec!["1", "2", "3", "4", "5"], vec!["3", "4", "5"]]);
    let expected =
        Counts { received: 5, delivered: 5, invocations: 2, retries: 1, retried: 3, ..Counts::default() };
    assert_eq!(total, expected);
}

#[tokio::test]
async fn exhausted_retries_leave_a_copy_in_s3_and_the_shard_goes_on() {
    let stack = stack().await;
    stack.create_stream("exhausted", 1).await.unwrap();
    stack.create_bucket("exhausted").await.unwrap();
    put("exhausted", &["bad", "good"]).await;
    let (invoker, log) = scripted(|_, seen| if seen[0].text == "bad" { failure() } else { success() });
    let settings = Settings {
        maximum_retry_attempts: 2,
        bisect_batch_on_function_error: false,
        on_failure_bucket: Some("exhausted".to_owned()),
        ..quick()
    };
    let id = settings.id;
    let mapping = start("exhausted", settings, invoker).await;
    until(&mapping, |total| total.discarded >= 2).await;
    put("exhausted", &["later"]).await;
    let total = settle(mapping, 3).await.total();

    assert_eq!(log.batches(), [vec!["bad", "good"], vec!["bad", "good"], vec!["bad", "good"], vec!["later"]]);
    assert_eq!((total.delivered, total.discarded, total.undelivered, total.retries), (1, 2, 0, 2));
    let copies = read_all(&stack.s3(), "exhausted", id).await.unwrap();
    assert_eq!(copies.len(), 1);
    let seen = log.seen();
    assert_eq!(copies[0].request_context.condition, Condition::RetryAttemptsExhausted);
    assert_eq!(copies[0].request_context.approximate_invoke_count, 3);
    assert_eq!(copies[0].kinesis_batch_info.batch_size, 2);
    assert_eq!(copies[0].kinesis_batch_info.start_sequence_number, seen[0].sequence_number);
    assert_eq!(copies[0].kinesis_batch_info.end_sequence_number, seen[1].sequence_number);
    assert_eq!(support::records(&copies[0].payload), seen[..2]);
}

#[tokio::test]
async fn bisection_isolates_one_poisonous_record() {
    let stack = stack().await;
    stack.create_stream("bisect", 1).await.unwrap();
    stack.create_bucket("bisect").await.unwrap();
    let texts = ["1", "2", "3", "4", "5", "poison", "7", "8", "9"];
    put("bisect", &texts).await;
    let poisonous = |seen: &support::Seen| seen.text == "poison";
    let (invoker, log) =
        scripted(move |_, seen| if seen.iter().any(poisonous) { failure() } else { success() });
    let settings =
        Settings { maximum_retry_attempts: 1, on_failure_bucket: Some("bisect".to_owned()), ..quick() };
    let id = settings.id;
    let total = settle(start("bisect", settings, invoker).await, 9).await.total();

    assert_eq!((total.delivered, total.discarded), (8, 1));
    let copies = read_all(&stack.s3(), "bisect", id).await.unwrap();
    assert_eq!(copies.len(), 1);
    assert_eq!(support::records(&copies[0].payload)[0].text, "poison");
    let batches = log.batches();
    let good = batches
        .iter()
        .filter(|batch| !batch.iter().any(|text| text == "poison"))
        .flatten()
        .collect::<Vec<_>>();
    assert_eq!(good, ["1", "2", "3", "4", "5", "7", "8", "9"]);
    assert_eq!(
        batches.iter().filter(|batch| **batch == ["poison"]).count(),
        2,
        "expected one invocation and one retry"
    );
}

#[tokio::test]
async fn bisection_and_partial_responses_lose_only_the_record_that_is_always_reported() {
    stack().await.create_stream("bisect-partial", 1).await.unwrap();
    put("bisect-partial", &["1", "2", "poison", "4", "5"]).await;
    let (invoker, log) = scripted(|_, seen| {
        seen.iter()
            .find(|seen| seen.text == "poison")
            .map_or_else(success, |seen| reported(&seen.sequence_number))
    });
    let settings = Settings { maximum_retry_attempts: 0, ..quick() };
    let total = settle(start("bisect-partial", settings, invoker).await, 5).await.total();
    assert_eq!((total.delivered, total.discarded), (4, 1));
    let expected =
        [vec!["1", "2", "poison", "4", "5"], vec!["poison", "4", "5"], vec!["poison"], vec!["4", "5"]];
    assert_eq!(log.batches(), expected);
}

#[tokio::test]
async fn records_that_are_too_old_are_given_up() {
    let stack = stack().await;
    stack.create_stream("age", 1).await.unwrap();
    stack.create_bucket("age").await.unwrap();
    put("age", &["old"]).await;
    let (invoker, log) = scripted(|_, seen| if seen[0].text == "old" { failure() } else { success() });
    let settings = Settings {
        maximum_retry_attempts: 10_000,
        maximum_record_age: Duration::from_secs(2),
        on_failure_bucket: Some("age".to_owned()),
        ..quick()
    };
    let id = settings.id;
    let mapping = start("age", settings, invoker).await;
    until(&mapping, |total| total.discarded >= 1).await;
    put("age", &["young"]).await;
    let total = settle(mapping, 2).await.total();
    assert_eq!((total.delivered, total.discarded), (1, 1));
    assert!(total.retries > 1);
    assert_eq!(log.batches().last().unwrap(), &["young"]);
    let copies = read_all(&stack.s3(), "age", id).await.unwrap();
    assert_eq!(copies.len(), 1);
    assert_eq!(copies[0].request_context.condition, Condition::RecordAgeExceeded);
}

#[tokio::test]
async fn an_unusable_identifier_fails_the_whole_batch() {
    stack().await.create_stream("identifier", 1).await.unwrap();
    put("identifier", &["1", "2", "3"]).await;
    let (invoker, log) = scripted(|number, _| match number {
        0 => reported(""),
        1 => Ok(Answer::Response(serde_json::json!({"batchItemFailures": [{"itemidentifier": "1"}]}))),
        2 => reported("123456"),
        _ => success(),
    });
    let settings = Settings { bisect_batch_on_function_error: false, ..quick() };
    let total = settle(start("identifier", settings, invoker).await, 3).await.total();
    assert_eq!(log.batches(), [["1", "2", "3"]; 4]);
    assert_eq!((total.delivered, total.retries), (3, 3));
}

#[tokio::test]
async fn unexpected_partial_responses_are_ignored() {
    stack().await.create_stream("ignored", 1).await.unwrap();
    put("ignored", &["1", "2"]).await;
    let (invoker, log) = scripted(|_, seen| reported(&seen[0].sequence_number));
    let settings = Settings { report_batch_item_failures: false, ..quick() };
    let total = settle(start("ignored", settings, invoker).await, 2).await.total();
    assert_eq!(log.batches(), [["1", "2"]]);
    assert_eq!(total.delivered, 2);
}

#[tokio::test]
async fn a_function_that_cannot_be_invoked_costs_no_retry() {
    stack().await.create_stream("unavailable", 1).await.unwrap();
    put("unavailable", &["1"]).await;
    let (invoker, log) =
        scripted(|number, _| if number < 4 { Err(anyhow::anyhow!("no capacity")) } else { success() });
    let settings = Settings { maximum_retry_attempts: 0, ..quick() };
    let total = settle(start("unavailable", settings, invoker).await, 1).await.total();
    assert_eq!(log.batches().len(), 5);
    assert_eq!((total.delivered, total.discarded, total.invocations), (1, 0, 1));
}

#[tokio::test]
async fn no_event_exceeds_six_megabytes() {
    stack().await.create_stream("large", 1).await.unwrap();
    let megabyte = "x".repeat(1024 * 1024);
    for _ in 0..2 {
        put("large", &[&megabyte[1..]; 4]).await;
    }
    let invoker = Arc::new(|event: String| {
        assert!(event.len() <= MAX_PAYLOAD_BYTES);
        std::future::ready(success())
    });
    let total = settle(start("large", quick(), invoker).await, 8).await.total();
    // In base64, four of them have 5.6 MB, and five have 7 MB.
    assert_eq!((total.delivered, total.invocations), (8, 2));
}

#[tokio::test]
async fn latest_skips_old_records_and_misses_no_new_record() {
    stack().await.create_stream("latest", 2).await.unwrap();
    put_keyed("latest", &[("a", "old"), ("b", "old"), ("c", "old")]).await;
    let (invoker, log) = scripted(|_, _| success());
    let settings = Settings { starting_position: StartingPosition::Latest, ..quick() };
    let mapping = start("latest", settings, invoker).await;
    put_keyed("latest", &[("a", "new"), ("b", "new"), ("c", "new")]).await;
    settle(mapping, 3).await;
    assert_eq!(log.batches().concat(), ["new", "new", "new"]);
}

#[tokio::test]
async fn the_shards_of_a_resharded_stream_are_read_too() {
    let stack = stack().await;
    stack.create_stream("reshard", 1).await.unwrap();
    let (invoker, log) = scripted(|_, _| success());
    let mapping = start("reshard", quick(), invoker).await;
    put("reshard", &["1", "2"]).await;
    // ministack forgets the records of a shard that is split, so the mapping must read them before.
    until(&mapping, |total| total.delivered >= 2).await;
    let middle = (u128::MAX / 2).to_string();
    let split = stack.kinesis().split_shard().stream_name("reshard").shard_to_split("shardId-000000000000");
    split.new_starting_hash_key(middle).send().await.unwrap();
    put_keyed("reshard", &[("a", "3"), ("b", "4"), ("c", "5"), ("d", "6")]).await;
    let statistics = settle(mapping, 6).await;
    assert_eq!(statistics.shards.len(), 3, "{statistics:?}");
    let mut texts = log.batches().concat();
    texts[2..].sort();
    assert_eq!(texts, ["1", "2", "3", "4", "5", "6"]);
}

#[tokio::test]
async fn stopping_lets_the_current_invocation_finish() {
    stack().await.create_stream("stop", 1).await.unwrap();
    put("stop", &["1"]).await;
    let (begun, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let flags = (Arc::clone(&begun), Arc::clone(&done));
    let invoker = Arc::new(move |_: String| {
        let (begun, done) = (Arc::clone(&flags.0), Arc::clone(&flags.1));
        async move {
            begun.store(true, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(300)).await;
            done.store(true, Ordering::SeqCst);
            success()
        }
    });
    let mapping = start("stop", quick(), invoker).await;
    let start = Instant::now();
    while !begun.load(Ordering::SeqCst) {
        assert!(start.elapsed() < support::LIMIT);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let total = mapping.stop().await.unwrap().total();
    assert!(done.load(Ordering::SeqCst));
    assert_eq!(total.delivered, 1);
}
