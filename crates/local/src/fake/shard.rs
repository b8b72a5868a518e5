//! A shard: its records, and its write limits.

use axum::body::Bytes;
use base64_simd::STANDARD;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::entry::{Arrival, PutEntry};

/// The error of a shard that gets too many writes.
pub(super) const TOO_FAST: &str = "ProvisionedThroughputExceededException";

/// The write limits of a shard:
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>.
const RECORDS_A_SECOND: f64 = 1_000.0;
const BYTES_A_SECOND: f64 = 1_048_576.0;

/// A record that a shard accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// The record's number among all streams, in the order of acceptance.
    pub number: u64,
    /// The shard's id.
    pub shard: String,
    /// The partition key.
    pub key: String,
    /// The data.
    pub data: Bytes,
    /// The number of the request that put it.
    pub request: u64,
    /// The arrival in milliseconds since the epoch.
    pub arrived_at: u64,
}

impl Accepted {
    /// Returns the sequence number, with 56 digits as on AWS.
    #[must_use]
    pub fn sequence_number(&self) -> String {
        sequence_number(self.number)
    }

    pub(super) fn to_wire(&self) -> Value {
        json!({
            "SequenceNumber": self.sequence_number(),
            "ApproximateArrivalTimestamp": self.arrived_at as f64 / 1e3,
            "Data": STANDARD.encode_to_string(&self.data),
            "PartitionKey": self.key,
        })
    }
}

pub(super) fn sequence_number(number: u64) -> String {
    format!("4963008166608487929058118{number:031}")
}

#[derive(Debug)]
pub(super) struct Shard {
    pub(super) id: String,
    pub(super) parents: Vec<String>,
    /// The first and the last hash key of this shard.
    pub(super) range: (u128, u128),
    /// The records that were not removed.
    pub(super) records: Vec<Accepted>,
    /// Number of records that were removed before them.
    pub(super) taken: usize,
    /// The shard was split or merged, so it accepts no more records.
    pub(super) closed: bool,
    /// The records and the bytes that may be written at the time `at`.
    allowance: (f64, f64),
    at: Instant,
}

impl Shard {
    pub(super) fn new(index: usize, parents: Vec<String>, range: (u128, u128)) -> Self {
        Self {
            id: format!("shardId-{index:012}"),
            parents,
            range,
            records: Vec::new(),
            taken: 0,
            closed: false,
            allowance: (RECORDS_A_SECOND, BYTES_A_SECOND),
            at: Instant::now(),
        }
    }

    /// Returns whether the write limits admit a record of `bytes` bytes now, and counts it if so.
    pub(super) fn admits(&mut self, bytes: usize) -> bool {
        let now = Instant::now();
        let passed = now.duration_since(self.at).as_secs_f64();
        self.at = now;
        let (records, room) = self.allowance;
        let records = (records + passed * RECORDS_A_SECOND).min(RECORDS_A_SECOND);
        let room = (room + passed * BYTES_A_SECOND).min(BYTES_A_SECOND);
        let admitted = records >= 1.0 && room >= bytes as f64;
        self.allowance = if admitted { (records - 1.0, room - bytes as f64) } else { (records, room) };
        admitted
    }

    /// Writes a record.
    pub(super) fn push(&mut self, entry: &PutEntry, arrival: Arrival) -> Accepted {
        let accepted = Accepted {
            number: arrival.number,
            shard: self.id.clone(),
            key: entry.key.clone(),
            data: entry.data.clone(),
            request: arrival.request,
            arrived_at: arrival.at,
        };
        self.records.push(accepted.clone());
        accepted
    }

    /// Removes and returns all records except the newest `keep`.
    pub(super) fn take(&mut self, keep: usize) -> Vec<Accepted> {
        let count = self.records.len().saturating_sub(keep);
        self.taken += count;
        self.records.drain(..count).collect()
    }

    pub(super) fn to_wire(&self) -> Value {
        let last = self.records.last().map_or(0, |record| record.number);
        let ending = self.closed.then(|| sequence_number(last));
        json!({
            "ShardId": self.id,
            "ParentShardId": self.parents.first(),
            "AdjacentParentShardId": self.parents.get(1),
            "HashKeyRange": {
                "StartingHashKey": self.range.0.to_string(), "EndingHashKey": self.range.1.to_string(),
            },
            "SequenceNumberRange": {
                "StartingSequenceNumber": sequence_number(0), "EndingSequenceNumber": ending,
            },
        })
    }
}
