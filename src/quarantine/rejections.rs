//! How many documents were rejected, and why: what a replay tells instead of storing them again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Quarantined;

/// Reasons that are told apart.
const MAX_REASONS: usize = 10_000;

/// Documents that were rejected, by the sequence number of their record and the reason.
#[derive(Debug, Clone, Default)]
pub struct Rejections(Arc<Mutex<BTreeMap<(String, String), usize>>>);

impl Rejections {
    pub(super) fn count(&self, records: &[Quarantined<'_>]) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for Quarantined { record, failures } in records {
            for failure in failures {
                let mut key = (record.sequence_number.to_string(), failure.reason.to_string());
                if counts.len() >= MAX_REASONS && !counts.contains_key(&key) {
                    "a further reason".clone_into(&mut key.1);
                }
                *counts.entry(key).or_default() += 1;
            }
        }
    }

    /// Those that were counted since the last time.
    #[must_use]
    pub fn take(&self) -> BTreeMap<(String, String), usize> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
