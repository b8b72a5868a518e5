//! A stream: its shards, and what may be put on it.

use axum::body::Bytes;
use md5::{Digest as _, Md5};

use super::shard::{Accepted, Shard, TOO_FAST};

/// Bytes of a record, its partition key included, unless the stream says otherwise.
const MAX_RECORD_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) arn: String,
    pub(super) shards: Vec<Shard>,
    pub(super) max_record_bytes: usize,
    /// Whether shards have the service's write limits.
    pub(super) limited: bool,
    /// Keys of which every record is refused.
    pub(super) refused_keys: Vec<String>,
}

/// A record on its way in.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) data: Bytes,
}

/// When an entry comes, and with which request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) number: u64,
    pub(super) request: u64,
    pub(super) at: u64,
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

    /// Writes a record to the shard that its key belongs to: where it then stands, or the code of the refusal.
    pub(super) fn put(&mut self, entry: &Entry, arrival: Arrival) -> Result<Accepted, &'static str> {
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

    /// The same without limits.
    pub(super) fn take_in(&mut self, entry: &Entry, arrival: Arrival) -> Option<Accepted> {
        Some(self.shard(&entry.key)?.push(entry, arrival))
    }

    /// The shard that a key belongs to.
    fn shard(&mut self, key: &str) -> Option<&mut Shard> {
        let hash = u128::from_be_bytes(Md5::digest(key.as_bytes()).into());
        let takes = |shard: &&mut Shard| !shard.closed && (shard.range.0..=shard.range.1).contains(&hash);
        self.shards.iter_mut().find(takes)
    }

    /// Closes a shard and opens two in its place.
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
