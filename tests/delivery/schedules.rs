//! Checks the contract under random batches and random faults. Reported records are delivered again until
//! every record is published or quarantined. The results of a key keep their order, and repeated results have
//! the same bytes. This holds for each lane and each sink.
//!
//! `SCHEDULES=n` runs `n` schedules. `SCHEDULE=seed` runs only the schedule with that seed.

mod mapping;
mod records;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::support::{fixtures, model_directory, sequence_number};
use fastrand::Rng;
use predictor::model::directory::ModelDirectory;
use predictor::{Clock, Document, Predictor, Provenance};
use serde_json::Value;
use stream_predictor::batch::Handler;
use stream_predictor::config::S3Prefix;
use stream_predictor::doors::kinesis;
use stream_predictor::origin::{Arrival, Origin};
use stream_predictor::quarantine::{Quarantine, S3Store};
use stream_predictor::sinks::{KinesisSink, Sink};
use stream_predictor_local::fake::{Cloud, Faults};

use mapping::Mapping;
use records::{Record, record, shard};

const SCHEDULES: u64 = 20_000;

const STREAM: &str = "ride_predictions";
const BUCKET: &str = "quarantine";

/// A document's lane, and its number among all documents of the lane.
type Place = (usize, usize);

/// The parts that a thread sets up once, because loading the model takes longer than a schedule.
struct World {
    /// The services of the first sink and of the quarantine, and those of the second sink. Each has its own
    /// faults.
    clouds: [Cloud; 2],
    /// A handler with the first sink, and one with both.
    handlers: [Handler; 2],
    engine: Predictor,
}

impl World {
    fn new() -> Self {
        let clouds = [Cloud::new(0), Cloud::new(0)];
        let model = ModelDirectory::open(&model_directory(&fixtures().join("mlflow3"))).unwrap();
        let handler = |sinks: &[Cloud]| {
            let prefix = S3Prefix { bucket: BUCKET.to_owned(), prefix: "rides".to_owned() };
            let quarantine = Quarantine::S3(S3Store::new(clouds[0].s3(), prefix));
            let sink = |cloud: &Cloud| Sink::Kinesis(KinesisSink::new(cloud.kinesis(), STREAM.to_owned()));
            Handler::load(&model, None, quarantine, sinks.iter().map(sink).collect()).unwrap()
        };
        let handlers = [handler(&clouds[..1]), handler(&clouds)];
        Self { handlers, clouds, engine: Predictor::load(&model, None, &Clock::unlimited()).unwrap() }
    }
}

fn faults(random: &mut Rng) -> Faults {
    let mut some = || if random.bool() { random.f64() * 0.3 } else { 0.0 };
    Faults {
        refused_entry: some(),
        throttled: some(),
        failed: some(),
        reset: some(),
        lost_answer: some(),
        late_write: some(),
        slow: some(),
        slowness: Duration::from_secs(5),
    }
}

/// The expected outcomes of a schedule's records, from an engine that scores each document alone.
#[derive(Default)]
struct Expected<'r> {
    /// The place of each result.
    places: HashMap<Vec<u8>, Place>,
    /// The results of each key of a lane, in order.
    of_key: BTreeMap<(usize, &'r str), Vec<Place>>,
    /// The rejected documents of each record.
    rejected: BTreeMap<(String, String), Vec<u64>>,
}

impl<'r> Expected<'r> {
    fn of(engine: &Predictor, lanes: &'r [Vec<Record>]) -> Self {
        let mut expected = Self::default();
        for (lane, records) in lanes.iter().enumerate() {
            let mut number = 0;
            for (index, record) in records.iter().enumerate() {
                for (place, document) in record.documents.iter().enumerate() {
                    if document.is_good {
                        let result = result(engine, record, place);
                        expected.places.insert(result, (lane, number));
                        expected.of_key.entry((lane, &document.key)).or_default().push((lane, number));
                    } else {
                        let name = (shard(lane), sequence_number(index));
                        expected.rejected.entry(name).or_default().push(place as u64);
                    }
                    number += 1;
                }
            }
        }
        expected
    }
}

/// The engine's result for a good document of a record.
fn result(engine: &Predictor, record: &Record, place: usize) -> Vec<u8> {
    let entry = record.entry.to_string();
    let origin: Origin = kinesis::parse_entry(&entry).unwrap().origin;
    let mut source = String::new();
    origin.push_source(&mut source);
    let provenance = Provenance {
        record: &origin.id_text(),
        source: &source,
        place: u32::try_from(place).unwrap(),
        arrived_at: origin.arrived_at().map(Arrival::as_json),
    };
    let document = Document { json: record.documents[place].text.as_bytes(), provenance };
    engine.score(&[document]).remove(0).result.unwrap()
}

/// Runs one schedule. The seed determines it completely.
async fn run(seed: u64, world: &World) -> u64 {
    let mut random = Rng::with_seed(seed);
    let sinks = random.usize(1..=2);
    for (index, cloud) in world.clouds.iter().enumerate() {
        cloud.restart(seed ^ index as u64);
        cloud.create_stream(STREAM, random.usize(1..4));
        cloud.create_bucket(BUCKET);
        cloud.keep_attempts();
        cloud.set_faults(faults(&mut random));
    }
    let lanes: Vec<Vec<Record>> = (0..random.usize(1..=3))
        .map(|lane| {
            let keys = random.usize(1..6);
            (0..random.usize(1..12)).map(|place| record(lane, place, keys, &mut random)).collect()
        })
        .collect();
    let expected = Expected::of(&world.engine, &lanes);

    let clouds = &world.clouds[..sinks];
    let handler = &world.handlers[sinks - 1];
    Mapping { handler, clouds, lanes: &lanes, places: &expected.places }.run(&mut random).await;

    for cloud in clouds {
        let mut published = HashSet::new();
        let mut found: BTreeMap<(usize, &str), Vec<Place>> = BTreeMap::new();
        let accepted = cloud.accepted(STREAM);
        for record in &accepted {
            let place =
                *expected.places.get(&record.data[..]).expect("a published result equals that of the engine");
            if published.insert(place) {
                found.entry((place.0, &record.key)).or_default().push(place);
            }
        }
        assert_eq!(found, expected.of_key, "all results are published, under their keys and in order");
    }
    assert_eq!(quarantined(&world.clouds[0]), expected.rejected, "exactly the rejected documents are stored");
    clouds.iter().map(|cloud| cloud.counts().faulty + cloud.counts().refused_entries).sum()
}

/// For each record of the quarantine, the places of its rejected documents.
fn quarantined(cloud: &Cloud) -> BTreeMap<(String, String), Vec<u64>> {
    let objects = cloud.objects(BUCKET);
    let mut lines: BTreeMap<(String, String), &str> = BTreeMap::new();
    for line in objects.values().flat_map(|object| std::str::from_utf8(object).unwrap().lines()) {
        let json: Value = serde_json::from_str(line).unwrap();
        let text = |member: &str| json[member].as_str().unwrap().to_owned();
        let stored = *lines.entry((text("shard"), text("sequence_number"))).or_insert(line);
        assert_eq!(stored, line, "a record always gives the same line");
    }
    let places = |line: &str| -> Vec<u64> {
        let line: Value = serde_json::from_str(line).unwrap();
        let failures = line["failures"].as_array().unwrap();
        failures.iter().map(|failure| failure["sub_sequence_number"].as_u64().unwrap()).collect()
    };
    lines.into_iter().map(|(name, line)| (name, places(line))).collect()
}

fn thread(seeds: impl Iterator<Item = u64>) -> u64 {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let world = runtime.block_on(async { World::new() });
    let mut faulty = 0;
    for seed in seeds {
        let schedule = || runtime.block_on(run(seed, &world));
        faulty += catch_unwind(AssertUnwindSafe(schedule))
            .unwrap_or_else(|_| panic!("schedule {seed} fails: run it alone with SCHEDULE={seed}"));
    }
    faulty
}

#[test]
fn every_record_is_published_or_quarantined_whatever_fails() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    if let Some(seed) = number("SCHEDULE") {
        thread(std::iter::once(seed));
        return;
    }
    let schedules = number("SCHEDULES").unwrap_or(SCHEDULES);
    let next = AtomicU64::new(0);
    let seeds =
        || std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < schedules));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let faulty: u64 = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(|| thread(seeds()))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(faulty > schedules, "expected a fault per schedule, found {faulty} in {schedules} schedules");
}
