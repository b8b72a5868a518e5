//! Counts what a mapping has done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The numbers of one shard, or the sum over all shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records read from the stream. Each counts once.
    pub received: u64,
    /// Records that the function has settled. Each counts once.
    pub delivered: u64,
    /// Records given up, and sent to the on-failure destination if there is one. Each counts once.
    pub discarded: u64,
    /// Invocations with any outcome.
    pub invocations: u64,
    /// Invocations with records that an earlier invocation had too.
    pub retries: u64,
    /// Records in those invocations.
    pub retried: u64,
    /// Discarded records that the on-failure destination did not accept.
    pub undelivered: u64,
}

impl Counts {
    /// Returns the number of settled records, delivered or discarded.
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

/// A snapshot of the numbers of a mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// The numbers of each shard, by its id.
    pub shards: BTreeMap<String, Counts>,
}

impl Statistics {
    /// Returns the sum over all shards.
    #[must_use]
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in self.shards.values() {
            total += *counts;
        }
        total
    }
}

/// The numbers that the shards' tasks add to.
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
