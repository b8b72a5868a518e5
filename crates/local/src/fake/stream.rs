//! A stream: its shards, and its limits.

use md5::{Digest as _, Md5};

use super::entry::{Arrival, PutEntry};
use super::shard::{Accepted, Shard, TOO_FAST};

/// Default limit of a record in bytes, with its partition key.
const MAX_RECORD_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) arn: String,
    pub(super) shards: Vec<Shard>,
    pub(super) max_record_bytes: usize,
    /// Whether the shards have the service's write limits.
    pub(super) limited: bool,
    /// Keys whose records are refused.
    pub(super) refused_keys: Vec<String>,
}

impl Stream {
    pub(super) fn new(name: &str, shards: usize) -> Self {
        let width = u128::MAX / shards.max(1) as u128;
        let shard = |index: usize| {
            let first = width * index as u128;
            let last = if index + 1 == shards { u128::MAX } else { first + width - 1 };
            Shard::new(index, Vec::new(), (first, last))
        };
        Self {
            arn: format!("arn:aws:kinesis:us-east-1:000000000000:stream/{name}"),
            shards: (0..shards).map(shard).collect(),
            max_record_bytes: MAX_RECORD_BYTES,
            limited: false,
            refused_keys: Vec::new(),
        }
    }

    /// Writes a record to the shard of its key. The error is the code of the refusal.
    pub(super) fn put(&mut self, entry: &PutEntry, arrival: Arrival) -> Result<Accepted, &'static str> {
        if self.refused_keys.contains(&entry.key) {
            return Err(TOO_FAST);
        }
        let limited = self.limited;
        let shard = self.shard(&entry.key).ok_or("InternalFailure")?;
        if limited && !shard.admits(entry.data.len() + entry.key.len()) {
            return Err(TOO_FAST);
        }
        Ok(shard.push(entry, arrival))
    }

    /// Writes a record without limits. Returns none if no shard has its key.
    pub(super) fn take_in(&mut self, entry: &PutEntry, arrival: Arrival) -> Option<Accepted> {
        Some(self.shard(&entry.key)?.push(entry, arrival))
    }

    /// Finds the shard of a key.
    fn shard(&mut self, key: &str) -> Option<&mut Shard> {
        let hash = u128::from_be_bytes(Md5::digest(key.as_bytes()).into());
        let takes = |shard: &&mut Shard| !shard.closed && (shard.range.0..=shard.range.1).contains(&hash);
        self.shards.iter_mut().find(takes)
    }

    /// Closes a shard and opens two in its place. Returns false if it cannot be split there.
    pub(super) fn split(&mut self, shard: &str, at: u128) -> bool {
        let next = self.shards.len();
        let Some(parent) = self.shards.iter_mut().find(|known| known.id == shard && !known.closed) else {
            return false;
        };
        let (first, last) = parent.range;
        if !(first < at && at <= last) {
            return false;
        }
        parent.closed = true;
        let parents = vec![parent.id.clone()];
        self.shards.push(Shard::new(next, parents.clone(), (first, at - 1)));
        self.shards.push(Shard::new(next + 1, parents, (at, last)));
        true
    }
}
