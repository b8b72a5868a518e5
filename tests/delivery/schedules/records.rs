//! Random records of an input stream: mostly rides, but also aggregates, compressed payloads and malformed
//! entries.

use std::io::Write as _;

use crate::support::{self, entry, sequence_number};
use fastrand::Rng;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// A document, and whether it has a prediction.
pub struct Document {
    pub key: String,
    pub text: String,
    pub is_good: bool,
}

/// A record of the input stream.
pub struct Record {
    pub entry: Value,
    pub documents: Vec<Document>,
}

/// The name of a lane.
pub fn shard(lane: usize) -> String {
    format!("shardId-{lane:012}")
}

fn ride(random: &mut Rng) -> String {
    let (from, to, miles) = (random.u8(1..=200), random.u8(1..=200), random.f64() * 9.0);
    let id = random.u32(..);
    format!(
        r#"{{"ride": {{"PULocationID": {from}, "DOLocationID": {to}, "trip_distance": {miles}}}, "ride_id": {id}}}"#
    )
}

/// A text that is not a ride.
fn not_a_ride(random: &mut Rng) -> String {
    let documents =
        ["poison", "7", "{\"ride\": {}}", "{\"ride\": {\"PULocationID\": 1, \"DOLocationID\": 2}", "[]"];
    documents[random.usize(..documents.len())].to_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The record at a place of a lane.
pub fn record(lane: usize, place: usize, keys: usize, random: &mut Rng) -> Record {
    let mut key = || format!("key-{}", random.usize(..keys));
    let own_key = key();
    let keys: Vec<String> = (0..3).map(|_| key()).collect();
    let document = |key: &str, random: &mut Rng| {
        let is_good = random.u8(0..8) > 0;
        let text = if is_good { ride(random) } else { not_a_ride(random) };
        Document { key: key.to_owned(), text, is_good }
    };
    let bad = |key: &str| Document { key: key.to_owned(), text: String::new(), is_good: false };
    let (payload, documents) = match random.u8(0..20) {
        0 | 1 => {
            let documents: Vec<_> = keys.iter().map(|key| document(key, random)).collect();
            let records: Vec<_> = documents.iter().map(|document| (&document.key, &document.text)).collect();
            (support::kpl::aggregate(&records), documents)
        }
        2 => {
            let documents = [(ride(random), true), (not_a_ride(random), false), (ride(random), true)];
            let documents = documents.map(|(text, is_good)| Document { key: own_key.clone(), text, is_good });
            let text = documents.each_ref().map(|document| document.text.as_str()).join("\n");
            let payload = if random.bool() { gzip(text.as_bytes()) } else { text.into_bytes() };
            (payload, documents.into())
        }
        3 => (gzip(ride(random).as_bytes())[..20].to_vec(), vec![bad(&own_key)]),
        _ => {
            let document = document(&own_key, random);
            (document.text.clone().into_bytes(), vec![document])
        }
    };
    let mut entry = entry(place, &own_key, &payload);
    entry["eventID"] = json!(format!("{}:{}", shard(lane), sequence_number(place)));
    let mut documents = documents;
    let broken = match random.u8(0..40) {
        0 => Some(("data", json!("no base64"))),
        1 => Some(("data", json!(7))),
        2 => Some(("partitionKey", json!(""))),
        _ => None,
    };
    if let Some((member, value)) = broken.filter(|(member, _)| *member == "data" || documents.len() == 1) {
        entry["kinesis"][member] = value;
        documents = vec![bad(&own_key)];
    }
    Record { entry, documents }
}
