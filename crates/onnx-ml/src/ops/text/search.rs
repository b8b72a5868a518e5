//! Finds the matches of an expression in a time that grows with the text alone.
//!
//! The usual search looks for each match to the end of the text, if a longer one may end there. A text of `n`
//! characters that each begin such a match then takes `n²` steps. Here an automaton first reads the text from its
//! end, and marks where matches start. Another then finds the longest match of each start. It remembers where it
//! went on in vain, and does not go on from the same state at the same place again.

use std::ops::Range;

use hashbrown::HashSet;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::pool::PoolGuard;
use regex_automata::{Anchored, Input};
use tract_onnx::tract_hir::internal::*;

use crate::work::Meter;

/// The distance, in bytes, of places that are remembered. A search may go on in vain for as many steps.
const STRIDE: usize = 64;

/// The most places that are remembered. Beyond it the clock bounds the time.
const MAX_REMEMBERED: usize = 1 << 19;

/// What searches with an expression use again.
#[derive(Debug)]
pub struct Workspace {
    backward: Cache,
    forward: Cache,
    /// A bit for each place of the text: whether a match starts there.
    starts: Vec<u64>,
    /// Places and states after which no match ends.
    vain: HashSet<(usize, LazyStateID)>,
    /// The places of the current search since its last match.
    passed: Vec<(usize, LazyStateID)>,
}

impl Workspace {
    /// Makes an empty workspace with the caches of the two automata.
    pub fn new(backward: Cache, forward: Cache) -> Self {
        Self { backward, forward, starts: Vec::new(), vain: HashSet::new(), passed: Vec::new() }
    }
}

/// Makes a workspace, if none can be used again.
pub type MakeWorkspace = Box<dyn Fn() -> Workspace + Send + Sync>;

/// A search through one text.
pub struct Search<'s> {
    forward: &'s DFA,
    workspace: PoolGuard<'s, Workspace, MakeWorkspace>,
    text: &'s str,
    meter: Meter,
}

impl<'s> Search<'s> {
    /// Marks where matches start.
    ///
    /// # Errors
    /// [`limits::Late`] if the time is up.
    pub fn new(
        backward: &DFA,
        forward: &'s DFA,
        workspace: PoolGuard<'s, Workspace, MakeWorkspace>,
        text: &'s str,
    ) -> TractResult<Self> {
        let mut search = Self { forward, workspace, text, meter: Meter::default() };
        search.mark(backward)?;
        Ok(search)
    }

    fn mark(&mut self, backward: &DFA) -> TractResult<()> {
        let Workspace { backward: cache, starts, vain, .. } = &mut *self.workspace;
        vain.clear();
        starts.clear();
        starts.resize(self.text.len() / 64 + 1, 0);
        let mut state = backward.start_state_reverse(cache, &Input::new(self.text))?;
        // A state tells of the match that ends before the byte that led to it.
        for (block, bytes) in self.text.as_bytes().rchunks(1 << 12).enumerate() {
            self.meter.spend(bytes.len())?;
            let end = self.text.len() - (block << 12);
            for (before, &byte) in bytes.iter().rev().enumerate() {
                state = backward.next_state(cache, state, byte)?;
                if state.is_match() {
                    let place = end - before;
                    starts[place / 64] |= 1 << (place % 64);
                }
            }
        }
        if backward.next_eoi_state(cache, state)?.is_match() {
            starts[0] |= 1;
        }
        Ok(())
    }

    /// The first match at or after `from`, which must be the start of a character: of all with the same start, the
    /// longest.
    ///
    /// # Errors
    /// [`limits::Late`] if the time is up.
    pub fn next(&mut self, from: usize) -> TractResult<Option<Range<usize>>> {
        let mut from = from;
        while let Some(start) = self.start(from)? {
            // An empty match may be within a character.
            if self.text.is_char_boundary(start)
                && let Some(end) = self.longest(start)?
            {
                return Ok(Some(start..end));
            }
            from = start + 1;
        }
        Ok(None)
    }

    /// The first place at or after `from` where a match starts.
    fn start(&mut self, from: usize) -> TractResult<Option<usize>> {
        let starts = &self.workspace.starts;
        let Some(first) = starts.get(from / 64) else { return Ok(None) };
        let mut word = first & (u64::MAX << (from % 64));
        let mut index = from / 64;
        while word == 0 {
            index += 1;
            self.meter.spend(1)?;
            let Some(next) = starts.get(index) else { return Ok(None) };
            word = *next;
        }
        Ok(Some(index * 64 + word.trailing_zeros() as usize))
    }

    /// The end of the longest match that starts at a place.
    fn longest(&mut self, start: usize) -> TractResult<Option<usize>> {
        let Workspace { forward: cache, vain, passed, .. } = &mut *self.workspace;
        self.meter.spend(8)?;
        passed.clear();
        let bytes = self.text.as_bytes();
        let input = Input::new(self.text).range(start..).anchored(Anchored::Yes);
        let mut cleared = cache.clear_count();
        let mut state = self.forward.start_state_forward(cache, &input)?;
        let mut end = None;
        let mut at = start;
        let is_at_end = loop {
            let Some(&byte) = bytes.get(at) else { break true };
            #[cfg(test)]
            STEPS.set(STEPS.get() + 1);
            state = self.forward.next_state(cache, state, byte)?;
            if state.is_match() {
                end = Some(at);
                passed.clear();
            } else if state.is_dead() {
                break false;
            }
            if at.is_multiple_of(STRIDE) {
                self.meter.spend(STRIDE)?;
                // States are named anew when the cache is cleared.
                if cache.clear_count() != cleared {
                    cleared = cache.clear_count();
                    passed.clear();
                    vain.clear();
                }
                if vain.contains(&(at, state)) {
                    break false;
                }
                passed.push((at, state));
            }
            at += 1;
        };
        if is_at_end && self.forward.next_eoi_state(cache, state)?.is_match() {
            end = Some(bytes.len());
            passed.clear();
        }
        if cache.clear_count() != cleared {
            vain.clear();
        } else if vain.len() + passed.len() <= MAX_REMEMBERED {
            vain.extend(passed.drain(..));
        }
        Ok(end)
    }
}

#[cfg(test)]
thread_local! {
    /// The bytes that searches for the ends of matches have read.
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use limits::Clock;
    use regex_automata::MatchKind;
    use regex_automata::meta::Regex;

    use super::super::expression::Expression;
    use super::*;
    use crate::work;

    /// All matches, each after the one before.
    fn found(expression: &Expression, text: &str) -> Vec<Range<usize>> {
        let mut search = expression.search(text).unwrap();
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        while let Some(range) = search.next(from).unwrap() {
            from = if range.is_empty() { range.end + 1 } else { range.end };
            while !text.is_char_boundary(from) && from < text.len() {
                from += 1;
            }
            found.push(range);
            if from > text.len() {
                break;
            }
        }
        found
    }

    /// The same with the search of a library: first the start, then the end.
    fn expected(pattern: &str, text: &str) -> Vec<Range<usize>> {
        let build =
            |kind| Regex::builder().configure(Regex::config().match_kind(kind)).build(pattern).unwrap();
        let (first, longest) = (build(MatchKind::LeftmostFirst), build(MatchKind::All));
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        while from <= text.len() {
            let Some(start) = first.find(Input::new(text).range(from..)) else { break };
            let here = Input::new(text).range(start.start()..).anchored(Anchored::Yes);
            let range = longest.find(here).unwrap().range();
            from = if range.is_empty() { range.end + 1 } else { range.end };
            while !text.is_char_boundary(from) && from < text.len() {
                from += 1;
            }
            found.push(range);
        }
        found
    }

    #[test]
    fn matches_are_those_of_another_search() {
        let patterns = [
            "a",
            "a+",
            "a*",
            "ab|abc|b",
            "<[^>]*>|[^ ]",
            "[a-c]+é?",
            "é|éa|",
            "(a|b)*c",
            "^a|b$",
            "a{2,3}",
            " *",
            r"(?-u:\b)[a-z]+(?-u:\b)",
            "[^ab ]+",
            "a.*b|c",
            "(ab)+|a",
        ];
        let mut random = fastrand::Rng::with_seed(7);
        for pattern in patterns {
            let expression = Expression::parse(&pattern.replace("(?-u:\\b)", "\\b")).unwrap();
            for _ in 0..100 {
                let length = random.usize(..90);
                let text: String =
                    std::iter::repeat_with(|| *random.choice(&['a', 'b', 'c', ' ', '<', '>', 'é']).unwrap())
                        .take(length)
                        .collect();
                assert_eq!(found(&expression, &text), expected(pattern, &text), "{pattern:?} in {text:?}");
            }
        }
    }

    #[test]
    fn steps_grow_with_the_text_alone() {
        const LENGTH: usize = 20_000;
        for (pattern, piece) in [
            (r"<[^>]*>|\S", "<"),
            ("[ab]*c|a|b", "ab"),
            ("(<[^>]*>)+|<|a", "a<"),
            ("a[^x]*x|a[^y]*y|[a-z]", "ab"),
            (r"\w+@\w+|\w", "a"),
            ("(a|b|ab)*c|.", "ab"),
        ] {
            let expression = Expression::parse(pattern).unwrap();
            let text = piece.repeat(LENGTH / piece.len());
            STEPS.set(0);
            found(&expression, &text);
            assert!(STEPS.get() < 2 * STRIDE * LENGTH, "{pattern}: {} steps", STEPS.get());
        }
    }

    #[test]
    fn a_search_ends_when_the_time_is_up() {
        let text = "a".repeat(1 << 20);
        let expression = Expression::parse("a+").unwrap();
        let search = || expression.search(&text).map(|_| ());
        assert!(work::within(&Clock::until(Instant::now()), usize::MAX, search).is_err());
        assert!(search().is_ok());
    }
}
