//! The process is killed two hundred times while it publishes. All predictions are published, and in order.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::{fixtures, function, model_directory, rides};
use anyhow::Result;
use fastrand::Rng;
use serde_json::Value;
use stream_predictor_local::fake::{Accepted, Cloud, Faults, env};
use stream_predictor_local::function::{Answer, Function};
use stream_predictor_local::mapping::{Invoke, Mapping, Settings};

const INPUT: &str = "ride_events";
const OUTPUT: &str = "ride_predictions";
const BUCKET: &str = "quarantine";

const SHARDS: usize = 2;
const KEYS: usize = 7;
const BATCH: usize = 20;

/// The kills in each of the two tests.
const KILLS: u64 = 100;

/// The latest time of a kill, counted from when a waiting process gets the event. A batch takes longer,
/// because it needs as many requests as its most frequent key has records.
const LATEST_KILL: Duration = Duration::from_millis(60);

/// The longest time of a request to the services.
const SLOWNESS: Duration = Duration::from_millis(30);

/// A function for each shard. Its process is killed during about every second invocation.
struct Killed {
    env: Vec<(String, String)>,
    functions: [tokio::sync::Mutex<Option<Function>>; SHARDS],
    random: Mutex<Rng>,
    kills: AtomicU64,
}

impl Killed {
    /// The time after which to kill this invocation; `None` to let it end.
    fn kill_after(&self) -> Option<Duration> {
        let random = &mut self.random.lock().unwrap();
        let kills = self.kills.load(Ordering::Relaxed) < KILLS && random.bool();
        kills.then(|| LATEST_KILL.mul_f64(random.f64()))
    }
}

impl Invoke for Killed {
    async fn invoke(&self, event: String) -> Result<Answer> {
        let shard = usize::from(event.contains("\"eventID\":\"shardId-000000000001:"));
        let mut slot = self.functions[shard].lock().await;
        // The process starts before the invocation, so that a kill never hits a cold start.
        let function = match slot.take() {
            Some(function) => function,
            None => Function::start(function(), self.env.clone(), Duration::from_mins(1)).await?,
        };
        let kill_after = self.kill_after();
        let (killed, answer) = {
            let invocation = function.invoke(event);
            tokio::pin!(invocation);
            let kill = async {
                tokio::time::sleep(kill_after.unwrap_or(Duration::MAX)).await;
                function.kill()
            };
            tokio::select! {
                answer = &mut invocation => (false, answer?),
                killed = kill => (killed, invocation.await?),
            }
        };
        if let Answer::Crashed(why) = &answer {
            assert!(killed, "the process ended without a kill: {why}");
            self.kills.fetch_add(1, Ordering::Relaxed);
        }
        if !killed {
            *slot = Some(function);
        }
        Ok(answer)
    }
}

/// Puts record `index` under a random key. It is a ride, or sometimes another text.
fn put(cloud: &Cloud, rides: &[String], index: usize, random: &mut Rng) {
    let data = if random.u8(0..20) == 0 {
        format!("no ride {index}")
    } else {
        let mut ride: Value = serde_json::from_str(&rides[index % rides.len()]).unwrap();
        ride["ride_id"] = index.into();
        ride.to_string()
    };
    cloud.put_record(INPUT, &format!("key-{}", random.usize(..KEYS)), data).unwrap();
}

/// Puts records until the process has been killed often enough, and waits until all are settled.
async fn feed(cloud: &Cloud, mapping: &Mapping, killed: &Killed, random: &mut Rng) {
    let rides = rides(&fixtures());
    let patience = Instant::now() + Duration::from_mins(5);
    let mut records = 0;
    loop {
        let settled = mapping.statistics().total().settled();
        let is_enough = killed.kills.load(Ordering::Relaxed) >= KILLS;
        if is_enough && settled == records as u64 {
            return;
        }
        while !is_enough && (records as u64) < settled + 4 * BATCH as u64 {
            put(cloud, &rides, records, random);
            records += 1;
        }
        assert!(Instant::now() < patience, "{:?}", mapping.statistics());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Checks that every ride has a prediction, in the order of the rides of each key. Repeated predictions must
/// be equal. Returns their number.
fn check_output(input: &[Accepted], output: &[Accepted]) -> usize {
    let mut expected: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for record in input.iter().filter(|record| record.data.starts_with(b"{")) {
        expected.entry(&record.key).or_default().push(record.sequence_number());
    }
    let mut data = HashMap::new();
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Accepted { key, data: result, .. } in output {
        let json: Value = serde_json::from_slice(result).unwrap();
        let number = json["source"]["sequence_number"].as_str().unwrap().to_owned();
        match data.get(&number) {
            Some(first) => assert_eq!(*first, result, "a record always gives the same bytes"),
            None => found.entry(key).or_default().push(number.clone()),
        }
        data.insert(number, result);
    }
    assert_eq!(found, expected, "all predictions are published, under their keys and in order");
    output.len() - data.len()
}

/// Checks that the quarantine holds exactly the records that are not rides, with their payloads.
fn check_quarantine(input: &[Accepted], cloud: &Cloud) {
    let expected: BTreeMap<String, String> = input
        .iter()
        .filter(|record| !record.data.starts_with(b"{"))
        .map(|record| (record.sequence_number(), base64_simd::STANDARD.encode_to_string(&record.data)))
        .collect();
    let objects = cloud.objects(BUCKET);
    let mut lines = HashMap::new();
    let mut found = BTreeMap::new();
    for line in objects.values().flat_map(|object| std::str::from_utf8(object).unwrap().lines()) {
        let json: Value = serde_json::from_str(line).unwrap();
        let member = |name: &str| json[name].as_str().unwrap().to_owned();
        let first = *lines.entry(member("sequence_number")).or_insert(line);
        assert_eq!(first, line, "a record always gives the same line");
        found.insert(member("sequence_number"), member("payload"));
    }
    assert_eq!(found, expected);
}

async fn survives(seed: u64, bisect: bool) {
    let mut random = Rng::with_seed(seed);
    let cloud = Cloud::new(seed);
    cloud.create_stream(INPUT, SHARDS);
    cloud.create_stream(OUTPUT, SHARDS);
    cloud.create_bucket(BUCKET);
    cloud.set_faults(Faults { slow: 1.0, slowness: SLOWNESS, ..Faults::default() });

    let mut env = env(cloud.listen().await.unwrap());
    let model = model_directory(&fixtures().join("mlflow3"));
    env.extend(
        [
            ("MODEL_LOCATION", model.to_str().unwrap()),
            ("PREDICTIONS_STREAM_NAME", OUTPUT),
            ("QUARANTINE_LOCATION", &format!("s3://{BUCKET}/rides")),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let killed = Arc::new(Killed {
        env,
        functions: Default::default(),
        random: Mutex::new(random.fork()),
        kills: AtomicU64::new(0),
    });
    let settings = Settings {
        batch_size: BATCH,
        bisect_batch_on_function_error: bisect,
        maximum_retry_attempts: 10_000,
        poll_interval: Duration::from_millis(5),
        retry_delay: Duration::from_millis(5),
        maximum_retry_delay: Duration::from_millis(20),
        ..Settings::default()
    };
    let mapping = Mapping::start(cloud.kinesis(), None, INPUT, settings, Arc::clone(&killed)).await.unwrap();
    feed(&cloud, &mapping, &killed, &mut random).await;
    let statistics = mapping.stop().await.unwrap().total();

    let (input, output) = (cloud.accepted(INPUT), cloud.accepted(OUTPUT));
    assert_eq!((statistics.delivered, statistics.discarded), (input.len() as u64, 0));
    let twice = check_output(&input, &output);
    check_quarantine(&input, &cloud);
    println!("{} records, {KILLS} kills or one more, {twice} repeated predictions", input.len());
    assert!(twice as u64 > KILLS, "too few kills hit the publishing: {twice} repeated predictions");
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_and_reorder_nothing() {
    survives(1, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_and_reorder_nothing_when_batches_are_halved() {
    survives(2, true).await;
}
