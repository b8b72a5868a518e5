//! Finds the n-grams of a row, item by item.

use std::collections::VecDeque;

use tract_onnx::tract_hir::internal::*;

use crate::work::{self, Meter};

use super::ngrams::{Item, Ngram, Ngrams};

/// Finds the n-grams of a row. The items of an n-gram are neighbours, or every second item, and so on, with up to
/// `max_skip` items between one and the next.
pub struct Walk<'n, V> {
    ngrams: &'n Ngrams,
    max_skip: usize,
    visit: V,
    /// Where the n-grams that began at the last items stand: the oldest first.
    open: VecDeque<usize>,
    /// The items, where they have to be kept to the end.
    kept: Option<Vec<Option<Item>>>,
    meter: Meter,
}

impl<'n, V: FnMut(Ngram)> Walk<'n, V> {
    /// Starts a row. `visit` gets each n-gram.
    pub fn new(ngrams: &'n Ngrams, max_skip: usize, visit: V) -> Self {
        let is_in_one_pass = max_skip == 0 && ngrams.have_own_columns() || ngrams.longest() == 1;
        let kept = (!is_in_one_pass).then(Vec::new);
        Self { ngrams, max_skip, visit, open: VecDeque::new(), kept, meter: Meter::default() }
    }

    /// Takes the next item, or `None` for one that no n-gram contains.
    ///
    /// # Errors
    /// When the time is up, or the items take too much memory.
    #[inline]
    pub fn push(&mut self, item: Option<Item>) -> TractResult<()> {
        self.meter.spend(1)?;
        if let Some(kept) = &mut self.kept {
            if kept.len().is_multiple_of(1 << 12) {
                work::room_for(kept.capacity().max(1 << 12) * size_of::<Option<Item>>())?;
            }
            kept.push(item);
            return Ok(());
        }
        let Some(item) = item else {
            self.open.clear();
            return Ok(());
        };
        let longer = self.ngrams.longest() > 1;
        for _ in 0..self.open.len() {
            let node = self.open.pop_front().unwrap_or_default();
            let Some((next, found)) = self.ngrams.step(node, item) else { continue };
            found.map(&mut self.visit);
            self.open.push_back(next);
        }
        if let Some((next, found)) = self.ngrams.step(0, item) {
            found.map(&mut self.visit);
            if longer {
                self.open.push_back(next);
            }
        }
        Ok(())
    }

    /// Ends the row.
    ///
    /// # Errors
    /// When the time is up.
    pub fn end(mut self) -> TractResult<()> {
        let Some(items) = self.kept.take() else { return Ok(()) };
        for &item in &items {
            self.follow([item].into_iter(), 1)?;
        }
        if self.ngrams.longest() > 1 {
            // With a distance beyond the length of the row, there is no second item.
            for distance in 1..=self.max_skip.saturating_add(1).min(items.len()) {
                for start in 0..items.len() {
                    self.follow(items[start..].iter().copied().step_by(distance), 2)?;
                }
            }
        }
        Ok(())
    }

    /// Visits the n-grams of at least `least` items that begin with the first item.
    fn follow(&mut self, items: impl Iterator<Item = Option<Item>>, least: usize) -> TractResult<()> {
        let mut node = 0;
        for (length, item) in (1..).zip(items) {
            self.meter.spend(1)?;
            let Some((next, found)) = item.and_then(|item| self.ngrams.step(node, item)) else { break };
            node = next;
            if length >= least {
                found.map(&mut self.visit);
            }
        }
        Ok(())
    }
}
