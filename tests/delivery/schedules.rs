//! The contract, under random batches and random faults: with what is reported delivered again, every record ends published

//! or quarantined, results of a key keep their order, and what comes twice is the same.
//!
//! `SCHEDULES=n` runs another number of schedules, `SCHEDULE=seed` one of them alone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::support::{self, entry, fixtures, model_directory, sequence_number};
use fastrand::Rng;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use stream_predictor::config::{ModelLocation, S3Prefix};
use stream_predictor::handler::Handler;
use stream_predictor::quarantine::{Quarantine, S3Store};
use stream_predictor::sink::{KinesisSink, Sink};
use stream_predictor_local::fake::{Cloud, Faults};
use tokio::time::{Instant, timeout};

const SCHEDULES: u64 = 20_000;

const STREAM: &str = "ride_predictions";
const BUCKET: &str = "quarantine";

/// From then on nothing fails any more, so that all comes to an end.
const FAULTY_INVOCATIONS: usize = 12;

/// A document, and whether it is one that has a prediction.
struct Document {
    key: String,
    is_good: bool,
}

/// A record of the input stream.
struct Record {
    entry: Value,
    documents: Vec<Document>,
}

/// The results that a handler gives to each record by itself, with nothing in the way.
struct Reference {
    handler: Handler,
}

impl Reference {
    /// The results of the good documents of a record, in their order.
    async fn results(&self, record: &Record) -> Vec<Vec<u8>> {
        // A test run takes hand-made events, without a key too.
        if record.entry["kinesis"]["partitionKey"] == "" {
            return Vec::new();
        }
        let event = json!({"Records": [record.entry]}).to_string();
        let answer = self.handler.handle(&event, &support::seconds(60)).await.unwrap();
        answer.predictions.unwrap().iter().map(|result| result.get().as_bytes().to_vec()).collect()
    }
}

fn ride(random: &mut Rng) -> String {
    let (from, to, miles) = (random.u8(1..=200), random.u8(1..=200), random.f64() * 9.0);
    let id = random.u32(..);
    format!(
        r#"{{"ride": {{"PULocationID": {from}, "DOLocationID": {to}, "trip_distance": {miles}}}, "ride_id": {id}}}"#
    )
}

/// A document that is no ride.
fn no_ride(random: &mut Rng) -> String {
    let documents =
        ["poison", "7", "{\"ride\": {}}", "{\"ride\": {\"PULocationID\": 1, \"DOLocationID\": 2}", "[]"];
    documents[random.usize(..documents.len())].to_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The record at a place of the stream: mostly a ride, else what producers, or nobody, would send.
fn record(place: usize, keys: usize, random: &mut Rng) -> Record {
    let mut key = || format!("key-{}", random.usize(..keys));
    let own_key = key();
    let keys: Vec<String> = (0..3).map(|_| key()).collect();
    let document = |random: &mut Rng| {
        let is_good = random.u8(0..8) > 0;
        (if is_good { ride(random) } else { no_ride(random) }, is_good)
    };
    let known = |key: &String, is_good| Document { key: key.clone(), is_good };
    let (payload, documents) = match random.u8(0..20) {
        0 | 1 => {
            let parts: Vec<_> = keys.iter().map(|key| (key, document(random))).collect();
            let records: Vec<_> = parts.iter().map(|(key, (text, _))| (key, text)).collect();
            let documents = parts.iter().map(|(key, (_, is_good))| known(key, *is_good)).collect();
            (support::kpl::aggregate(&records), documents)
        }
        2 => {
            let lines = [ride(random), no_ride(random), ride(random)];
            let text = lines.join("\n");
            let payload = if random.bool() { gzip(text.as_bytes()) } else { text.into_bytes() };
            (payload, [true, false, true].map(|is_good| known(&own_key, is_good)).into())
        }
        3 => (gzip(ride(random).as_bytes())[..20].to_vec(), vec![known(&own_key, false)]),
        _ => {
            let (text, is_good) = document(random);
            (text.into_bytes(), vec![known(&own_key, is_good)])
        }
    };
    let mut entry = entry(place, &own_key, &payload);
    let mut documents = documents;
    let broken = match random.u8(0..40) {
        0 => Some(("data", json!("no base64"))),
        1 => Some(("data", json!(7))),
        2 => Some(("partitionKey", json!(""))),
        _ => None,
    };
    if let Some((member, value)) = broken.filter(|(member, _)| *member == "data" || documents.len() == 1) {
        entry["kinesis"][member] = value;
        documents = vec![known(&own_key, false)];
    }
    Record { entry, documents }
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

/// Delivers records as an event source mapping does: in order, from the first that is not known to be done, sometimes ones
/// that were delivered before; and now and then the function is killed.
struct Mapping<'a> {
    handler: &'a Handler,
    cloud: &'a Cloud,
    records: &'a [Record],
    /// Of each result, the place of its document among all.
    places: &'a HashMap<Vec<u8>, usize>,
}

impl Mapping<'_> {
    async fn run(&self, random: &mut Rng) {
        let mut position = 0;
        let mut invocations = 0;
        while position < self.records.len() {
            invocations += 1;
            assert!(invocations < FAULTY_INVOCATIONS + 100, "it does not come to an end");
            if invocations == FAULTY_INVOCATIONS {
                self.cloud.set_faults(Faults::default());
            }
            let again = if random.u8(0..10) == 0 { random.usize(..4) } else { 0 };
            let start = position.saturating_sub(again);
            let end = self.records.len().min(position + 1 + random.usize(..10));
            position = self.invoke(start..end, random).await.unwrap_or(position);
        }
        // What was written late has come by then.
        tokio::time::sleep(Duration::from_mins(2)).await;
    }

    /// How far it came, if it says so.
    async fn invoke(&self, range: std::ops::Range<usize>, random: &mut Rng) -> Option<usize> {
        let entries: Vec<&Value> = self.records[range.clone()].iter().map(|record| &record.entry).collect();
        let event = json!({ "Records": entries }).to_string();
        let requests = self.cloud.counts().writes;
        let seconds = random.u64(1..40);
        let killed_after = if random.u8(0..10) == 0 { random.u64(0..2_000) } else { u64::MAX / 2 };
        let start = Instant::now();
        let limit = support::seconds(seconds);
        let invocation = Box::pin(self.handler.handle(&event, &limit));
        let answer = timeout(Duration::from_millis(killed_after), invocation).await;
        assert!(start.elapsed() <= Duration::from_secs(seconds), "it goes on past its time");
        let reported = match answer {
            Err(_) => None,
            Ok(answer) => {
                let answer = serde_json::to_value(answer.unwrap()).unwrap();
                let failures = answer["batchItemFailures"].as_array().unwrap();
                assert!(failures.len() <= 1, "{answer}");
                let number = failures.first().map(|failure| failure["itemIdentifier"].as_str().unwrap());
                let place =
                    number.map(|number| range.clone().find(|place| sequence_number(*place) == number));
                Some(place.map_or(range.end, |place| place.expect("a record of this batch")))
            }
        };
        self.check_requests(requests, reported);
        reported
    }

    /// While an entry is refused nothing new is sent, and nothing at all behind a record that is not quarantined.
    fn check_requests(&self, before: u64, reported: Option<usize>) {
        let attempts = self.cloud.attempts();
        let ours = attempts.iter().filter(|attempt| attempt.request > before);
        let mut requests: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        for attempt in ours {
            requests.entry(attempt.request).or_default().push(attempt);
        }
        let (mut sent, mut refused) = (HashSet::new(), HashSet::new());
        for entries in requests.values() {
            for entry in entries {
                assert!(refused.is_empty() || sent.contains(&entry.data), "sent past a refused entry");
            }
            for entry in entries {
                sent.insert(&entry.data);
                if entry.accepted {
                    refused.remove(&entry.data)
                } else {
                    refused.insert(&entry.data)
                };
            }
            let keys: HashSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
            assert_eq!(keys.len(), entries.len(), "one entry of a key a request");
        }
        let Some(place) = reported.filter(|place| *place < self.records.len()) else { return };
        if self.records[place].documents.iter().all(|document| !document.is_good) {
            let documents: usize = self.records[..=place].iter().map(|record| record.documents.len()).sum();
            assert!(
                sent.iter().all(|data| self.places[&data[..]] < documents),
                "sent past an unstored record"
            );
        }
    }
}

/// One schedule, all of which the seed decides.
async fn run(seed: u64, handler: &Handler, cloud: &Cloud, reference: &Reference) -> u64 {
    let mut random = Rng::with_seed(seed);
    cloud.restart(seed);
    cloud.create_stream(STREAM, random.usize(1..4));
    cloud.create_bucket(BUCKET);
    cloud.keep_attempts();
    cloud.set_faults(faults(&mut random));
    let keys = random.usize(1..6);
    let records: Vec<Record> =
        (0..random.usize(1..12)).map(|place| record(place, keys, &mut random)).collect();

    // What is to come of it, by the reference: the place of each result, the results of each key, the documents set aside.
    let mut places = HashMap::new();
    let mut of_key: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut rejected = BTreeMap::new();
    let mut next = 0;
    for (place, record) in records.iter().enumerate() {
        let mut results = reference.results(record).await.into_iter();
        for (sub_sequence, document) in record.documents.iter().enumerate() {
            if document.is_good {
                places.insert(results.next().expect("a result"), next);
                of_key.entry(&document.key).or_default().push(next);
            } else {
                rejected.entry(sequence_number(place)).or_insert_with(Vec::new).push(sub_sequence as u64);
            }
            next += 1;
        }
        assert_eq!(results.count(), 0, "a result too many");
    }

    Mapping { handler, cloud, records: &records, places: &places }.run(&mut random).await;

    let mut published = HashSet::new();
    let mut found: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let accepted = cloud.accepted(STREAM);
    for record in &accepted {
        let place =
            *places.get(&record.data[..]).expect("no byte of a result is another than the reference's");
        if published.insert(place) {
            found.entry(&record.key).or_default().push(place);
        }
    }
    assert_eq!(found, of_key, "all results, under their keys, in order");

    let objects = cloud.objects(BUCKET);
    let mut lines: BTreeMap<String, &str> = BTreeMap::new();
    for object in objects.values() {
        for line in std::str::from_utf8(object).unwrap().lines() {
            let number =
                serde_json::from_str::<Value>(line).unwrap()["sequence_number"].as_str().unwrap().to_owned();
            assert_eq!(*lines.entry(number).or_insert(line), line, "the same record, the same line");
        }
    }
    let stored = lines.into_iter().map(|(number, line)| {
        let line: Value = serde_json::from_str(line).unwrap();
        let failures = line["failures"].as_array().unwrap();
        (number, failures.iter().map(|failure| failure["sub_sequence_number"].as_u64().unwrap()).collect())
    });
    assert_eq!(
        stored.collect::<BTreeMap<_, Vec<u64>>>(),
        rejected,
        "what can never succeed is set aside, and no more"
    );
    cloud.counts().faulty + cloud.counts().refused_entries
}

/// Handlers are made once a thread: the model, not the schedule, is what takes time.
fn thread(seeds: impl Iterator<Item = u64>) -> u64 {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let cloud = Cloud::new(0);
    let model = ModelLocation::Folder(model_directory(&fixtures().join("mlflow3")));
    let prefix = S3Prefix { bucket: BUCKET.to_owned(), prefix: "rides".to_owned() };
    let (handler, reference) = runtime.block_on(async {
        let directory =
            stream_predictor::model::directory::ModelDirectory::fetch(&model, None).await.unwrap();
        let quarantine = Quarantine::S3(S3Store::new(cloud.s3(), prefix));
        let sink = Sink::Kinesis(KinesisSink::new(cloud.kinesis(), STREAM.to_owned()));
        let reference = Handler::load(&directory, None, Quarantine::Log, Sink::Answer).unwrap();
        (Handler::load(&directory, None, quarantine, sink).unwrap(), Reference { handler: reference })
    });
    let mut faulty = 0;
    for seed in seeds {
        let schedule = || runtime.block_on(run(seed, &handler, &cloud, &reference));
        faulty += catch_unwind(AssertUnwindSafe(schedule))
            .unwrap_or_else(|_| panic!("schedule {seed} fails: run it alone with SCHEDULE={seed}"));
    }
    faulty
}

#[test]
fn every_record_is_accounted_for_whatever_fails() {
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
    assert!(faulty > schedules, "hardly anything failed: {faulty} faults in {schedules} schedules");
}
