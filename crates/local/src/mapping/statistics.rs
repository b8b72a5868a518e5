//! What a mapping has done so far, in numbers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The numbers of one shard, or their sum over all shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records read from the stream, each once.
    pub received: u64,
    /// Records the function is done with, each once.
    pub delivered: u64,
    /// Records given up, each once: sent to the on-failure destination if there is one.
    pub discarded: u64,
    /// Invocations, of whatever outcome.
    pub invocations: u64,
    /// Of the invocations, those that had records which an earlier one had too.
    pub retries: u64,
    /// Records in those.
    pub retried: u64,
    /// Discarded records that the on-failure destination did not take.
    pub undelivered: u64,
}

impl Counts {
    /// Records that are settled, one way or the other.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.delivered + self.discarded
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        let Self { received, delivered, discarded, invocations, retries, retried, undelivered } = other;
        self.received += received;
        self.delivered += delivered;
        self.discarded += discarded;
        self.invocations += invocations;
        self.retries += retries;
        self.retried += retried;
        self.undelivered += undelivered;
    }
}

/// A snapshot of a mapping's numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// By shard id.
    pub shards: BTreeMap<String, Counts>,
}

impl Statistics {
    /// The sum over all shards.
    #[must_use]
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in self.shards.values() {
            total += *counts;
        }
        total
    }
}

/// The numbers as the shards' tasks write them.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(Arc<Mutex<Statistics>>);

impl Ledger {
    pub(super) fn snapshot(&self) -> Statistics {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn add(&self, shard: &str, counts: Counts) {
        let mut statistics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sum) = statistics.shards.get_mut(shard) {
            *sum += counts;
        } else {
            statistics.shards.insert(shard.to_owned(), counts);
        }
    }
}
