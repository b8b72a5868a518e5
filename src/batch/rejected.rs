//! Rejected documents, on their way to the quarantine.
//!
//! The quarantine stores a record once, with all of its rejected documents. A record may have more documents than are
//! at hand at once. Then, at its first rejected document, the rest of the record is scored before anything is stored.
//! Results that take too much memory until then are dropped, and computed again afterwards.

use std::sync::Arc;

use hashbrown::HashSet;

use crate::failure::{Rejected, Undelivered};
use crate::quarantine::{FURTHER_REASON, RejectedDocument};
use crate::record::Record;
use predictor::Limits;

use super::Handler;
use super::scored::ScoredDocument;
use super::unpacked::{Share, UnpackedDocument};

/// Reasons that are kept apart. Each document of a record may have its own, because a reason can name a position.
const MAX_REASONS: usize = 2_000;

/// The texts of reasons, each kept once.
#[derive(Default)]
pub struct Reasons(HashSet<Arc<str>>);

impl Reasons {
    /// The text of a reason, or that of all reasons beyond [`MAX_REASONS`].
    pub fn text(&mut self, reason: &Rejected) -> Arc<str> {
        let mut text = reason.to_string();
        if self.0.len() >= MAX_REASONS && !self.0.contains(text.as_str()) {
            FURTHER_REASON.clone_into(&mut text);
        }
        Arc::clone(self.0.get_or_insert_with(text.as_str(), |text| text.into()))
    }
}

/// The first rejected document of the last record, if the record goes on in the documents behind them.
pub fn of_unfinished_record(scored: &[ScoredDocument<'_>], rest: &[UnpackedDocument]) -> Option<usize> {
    let record = scored.last()?.record;
    let start = scored.partition_point(|document| document.record < record);
    let is_unfinished = rest.first().is_some_and(|document| document.record == record);
    let first = scored[start..].iter().position(|document| document.result.is_err());
    first.filter(|_| is_unfinished).map(|first| start + first)
}

impl Handler {
    /// Scores the rest of the record whose documents are at hand. Adds its documents as long as they fit into the share
    /// of the lane, and returns the rejected ones among the others.
    ///
    /// # Errors
    /// When the time is up before its end.
    pub(super) async fn look_ahead<'d>(
        &self,
        records: &'d [Record<'_>],
        buffer: &'d [u8],
        (at_hand, rest): (&mut Vec<ScoredDocument<'d>>, &'d [UnpackedDocument]),
        share: Share,
        limits: &Limits,
    ) -> Result<Vec<RejectedDocument>, Undelivered> {
        let Some(record) = at_hand.last().map(|document| document.record) else { return Ok(Vec::new()) };
        let mut rest = &rest[..rest.partition_point(|document| document.record == record)];
        let id_text = records[record].origin.id_text();
        let mut reasons = Reasons::default();
        let mut rejected = Vec::new();
        let mut bytes: usize = at_hand.iter().map(ScoredDocument::result_bytes).sum();
        while !rest.is_empty() {
            // Other lanes wait for answers.
            tokio::task::yield_now().await;
            let scored = self.score(records, buffer, rest, share, limits);
            if scored.is_empty() {
                return Err(Undelivered::out_of_time());
            }
            rest = &rest[scored.len()..];
            bytes += scored.iter().map(ScoredDocument::result_bytes).sum::<usize>();
            let fits = at_hand.len() + scored.len() <= share.documents && bytes <= share.bytes;
            if fits && rejected.is_empty() {
                at_hand.extend(scored);
                continue;
            }
            // From here on, nothing is added, so that the documents at hand have no gap.
            bytes = bytes.max(share.bytes + 1);
            for document in &scored {
                let Err(reason) = &document.result else { continue };
                let id = self.predictor.id(&id_text, document.place);
                rejected.push(RejectedDocument { id, place: document.place, reason: reasons.text(reason) });
            }
        }
        Ok(rejected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_reasons_are_kept_once_and_their_number_is_bounded() {
        let reason = |text: usize| Rejected::Entry(text.to_string());
        let mut reasons = Reasons::default();
        let texts: Vec<_> = (0..=MAX_REASONS).map(|text| reasons.text(&reason(text))).collect();
        assert!(Arc::ptr_eq(&texts[7], &reasons.text(&reason(7))));
        assert_eq!(
            (&*texts[MAX_REASONS - 1], &*texts[MAX_REASONS]),
            (&*reason(MAX_REASONS - 1).to_string(), FURTHER_REASON)
        );
    }
}
