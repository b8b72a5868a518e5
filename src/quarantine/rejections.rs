//! Counts of rejected documents. A replay reports them instead of storing the records again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Quarantined;

/// Reasons that are counted apart.
const MAX_REASONS: usize = 10_000;

/// Stands for the reasons beyond [`MAX_REASONS`].
pub const FURTHER_REASON: &str = "a further reason";

/// Rejected documents, by the text that names their record and by the reason.
pub type Counts = BTreeMap<(String, String), usize>;

/// Shared counts. Clones are the same counts.
#[derive(Debug, Clone, Default)]
pub struct Rejections(Arc<Mutex<Counts>>);

impl Rejections {
    pub(super) fn count(&self, records: &[Quarantined<'_>]) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for Quarantined { record, documents } in records {
            for document in documents {
                let mut key = (record.origin.id_text(), document.reason.to_string());
                if counts.len() >= MAX_REASONS && !counts.contains_key(&key) {
                    FURTHER_REASON.clone_into(&mut key.1);
                }
                *counts.entry(key).or_default() += 1;
            }
        }
    }

    /// The counts since the last call.
    #[must_use]
    pub fn take(&self) -> Counts {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
