//! Walks the top of a tree without branches (`QuickScorer`: Lucchese et al., SIGIR 2015,
//! <https://doi.org/10.1145/2766462.2767733>).
//!
//! The exits of a top are numbered from left to right. In a small tree they are its leaves. A row that goes
//! right at a branch cannot reach the exits on the left of that branch, so they are struck out. After all
//! branches, the row reaches the first exit that is left. Exits are the bits of 32-bit words.
//!
//! Every comparison is made for every row. So there is nothing for the processor to predict, and a vector of
//! rows goes through each comparison at once.

use std::collections::BinaryHeap;

use super::node::PackedNode;
use super::splits::{Ask, Sets, Split};

/// The number of rows that go through the questions together.
pub const LANES: usize = 32;

/// The number of exits in a word.
const EXITS: usize = 32;

/// The most leaves of a tree that is all top. Its questions take less time than steps would.
const WHOLE: usize = 128;

/// The number of exits of the top of a larger tree.
const TOP: usize = 32;

/// The tops of trees.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Masks {
    /// The words, tree after tree.
    pub words: Vec<Word>,
    /// What each exit of a word leads to: the place of a node in the tree; or the value of a leaf, if all
    /// exits are leaves.
    exits: Vec<[u32; EXITS]>,
    thresholds: Vec<ThresholdQuestion>,
    sets: Vec<SetQuestion>,
    windows: Vec<Window>,
}

/// Up to 32 neighbouring exits of a top, and the questions that can strike them out. Each list of questions
/// begins where that of the previous word ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    thresholds_end: u32,
    sets_end: u32,
}

/// A question `x <= threshold`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThresholdQuestion {
    /// The slot of `x`.
    pub slot: u32,
    /// The exits that stay for rows that go right, as bits of a float: vector registers are filled with
    /// floats in one step.
    pub stay: f32,
    /// Rows with `x <= threshold` go left.
    pub threshold: f32,
}

impl ThresholdQuestion {
    /// Asks some questions, and returns the exits that stay for each row.
    #[inline(always)]
    pub fn ask(questions: &[Self], x: &[[f32; LANES]]) -> [u32; LANES] {
        let mut stay = [u32::MAX; LANES];
        for question in questions {
            let x = &x[question.slot as usize];
            for lane in 0..LANES {
                stay[lane] &= question.stay.to_bits() | mask(x[lane] <= question.threshold);
            }
        }
        stay
    }
}

/// A question whether a category is in a set.
#[derive(Debug, Clone, Copy, PartialEq)]
struct SetQuestion {
    slot: u32,
    stay: u32,
    missing_left: bool,
    windows_end: u32,
}

/// The members of a set among 32 neighbouring categories.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Window {
    first: u32,
    members: u32,
}

impl Masks {
    /// Adds the top of a tree, and returns the number of steps from its exits to the deepest leaf. `nodes`
    /// and `slots` are the packed nodes of `splits`, and their slots.
    pub fn push(
        &mut self,
        splits: &[Split],
        heights: &[u32],
        nodes: &[PackedNode],
        slots: &[u32],
        sets: &Sets,
    ) -> Option<u32> {
        let leaves = splits.len().div_ceil(2);
        let (in_top, rest) = top(splits, heights, if leaves <= WHOLE { leaves } else { TOP });

        // Count the exits below each node, and number them. Children come after their parents.
        let mut below = vec![1; splits.len()];
        for place in (0..splits.len()).rev().filter(|&place| in_top[place]) {
            let left = splits[place].left as usize;
            below[place] = below[left] + below[left + 1];
        }
        let mut first = vec![0; splits.len()];
        let mut exits = vec![0; below[0]];
        let mut reached = vec![false; splits.len()];
        reached[0] = true;
        for place in 0..splits.len() {
            let left = splits[place].left as usize;
            if in_top[place] {
                (first[left], first[left + 1]) = (first[place], first[place] + below[left]);
                (reached[left], reached[left + 1]) = (true, true);
            } else if reached[place] {
                exits[first[place]] =
                    if rest == 0 { nodes[place].value.to_bits() } else { u32::try_from(place).ok()? };
            }
        }

        for (number, chunk) in exits.chunks(EXITS).enumerate() {
            let mut padded = [0; EXITS];
            padded[..chunk.len()].copy_from_slice(chunk);
            self.exits.push(padded);
            let struck_by = |place: usize| {
                let left = splits[place].left as usize;
                strikes(first[left]..first[left] + below[left], number * EXITS)
            };
            let questions = (0..splits.len()).filter(|&place| in_top[place]);
            let questions =
                questions.map(|place| (place, struck_by(place))).filter(|(_, struck)| *struck != 0);
            self.push_word(questions, splits, slots, sets)?;
        }
        Some(rest)
    }

    fn push_word(
        &mut self,
        questions: impl Iterator<Item = (usize, u32)> + Clone,
        splits: &[Split],
        slots: &[u32],
        sets: &Sets,
    ) -> Option<()> {
        let start = self.thresholds.len();
        for (place, struck) in questions.clone() {
            if let Ask::Leq(threshold) = splits[place].ask {
                let slot = slots[place];
                self.thresholds.push(ThresholdQuestion { slot, stay: f32::from_bits(!struck), threshold });
            }
        }
        self.thresholds[start..].sort_by_key(|question| question.slot);
        for (place, struck) in questions {
            let Ask::In(set) = splits[place].ask else { continue };
            let words = (0..).step_by(32).zip(&sets.0[set as usize]);
            self.windows.extend(
                words
                    .filter(|(_, members)| **members != 0)
                    .map(|(first, &members)| Window { first, members }),
            );
            self.sets.push(SetQuestion {
                slot: slots[place],
                stay: !struck,
                missing_left: splits[place].missing_left,
                windows_end: u32::try_from(self.windows.len()).ok()?,
            });
        }
        self.words.push(Word {
            thresholds_end: u32::try_from(self.thresholds.len()).ok()?,
            sets_end: u32::try_from(self.sets.len()).ok()?,
        });
        Some(())
    }
}

/// The bits of the exits in `range`, for the word that begins with exit `start`.
fn strikes(range: std::ops::Range<usize>, start: usize) -> u32 {
    let (from, to) = (range.start.max(start), range.end.min(start + EXITS));
    (from..to).fold(0, |bits, exit| bits | 1 << (exit - start))
}

/// Chooses the branches of a top with this many exits, those above the deepest leaves first. Returns them,
/// and the number of steps from the exits to the deepest leaf.
fn top(splits: &[Split], heights: &[u32], exits: usize) -> (Vec<bool>, u32) {
    let mut in_top = vec![false; splits.len()];
    let mut frontier = BinaryHeap::from([(heights[0], 0)]);
    while frontier.len() < exits
        && let Some((height, place)) = frontier.pop()
    {
        if height == 0 {
            frontier.push((height, place));
            break;
        }
        in_top[place] = true;
        let left = splits[place].left as usize;
        frontier.extend([(heights[left], left), (heights[left + 1], left + 1)]);
    }
    (in_top, frontier.peek().map_or(0, |(height, _)| *height))
}

/// The place in each list where the questions of the previous word end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cursor {
    word: usize,
    thresholds: usize,
    sets: usize,
    windows: usize,
}

impl Masks {
    /// The exit that each row reaches in the tree whose words go from the cursor to `words_end`. `x[slot]`
    /// holds the values of the rows. `ask` does the same as [`ThresholdQuestion::ask`].
    #[inline(always)]
    pub fn exits(
        &self,
        cursor: Cursor,
        words_end: u32,
        x: &[[f32; LANES]],
        ask: impl Fn(&[ThresholdQuestion], &[[f32; LANES]]) -> [u32; LANES],
    ) -> [u32; LANES] {
        let Cursor { mut thresholds, mut sets, mut windows, .. } = cursor;
        let (mut first, mut starts) = ([0; LANES], [0; LANES]);
        for (start, word) in (0..).step_by(EXITS).zip(&self.words[cursor.word..words_end as usize]) {
            let mut stay = ask(&self.thresholds[thresholds..word.thresholds_end as usize], x);
            thresholds = word.thresholds_end as usize;
            for question in &self.sets[sets..word.sets_end as usize] {
                let x = &x[question.slot as usize];
                let mut left = [0; LANES];
                for window in &self.windows[windows..question.windows_end as usize] {
                    for lane in 0..LANES {
                        left[lane] |= window.contains(x[lane]);
                    }
                }
                for lane in 0..LANES {
                    let missing = mask(x[lane].is_nan() & question.missing_left);
                    stay[lane] &= question.stay | left[lane] | missing;
                }
                windows = question.windows_end as usize;
            }
            sets = word.sets_end as usize;
            // The first word in which an exit stays counts.
            for lane in 0..LANES {
                let none_before = mask(first[lane] == 0);
                first[lane] |= stay[lane] & none_before;
                starts[lane] = (start & none_before) | (starts[lane] & !none_before);
            }
        }
        let mut numbers = [0; LANES];
        for lane in 0..LANES {
            numbers[lane] = starts[lane] + lowest_bit(first[lane]);
        }
        let exits = self.exits[cursor.word..words_end as usize].as_flattened();
        for number in &mut numbers {
            *number = exits[*number as usize];
        }
        numbers
    }

    /// The cursor after the words of a tree.
    #[inline(always)]
    pub fn after(&self, words_end: u32) -> Cursor {
        let word = &self.words[words_end as usize - 1];
        let sets = word.sets_end as usize;
        let windows = if sets == 0 { 0 } else { self.sets[sets - 1].windows_end as usize };
        Cursor { word: words_end as usize, thresholds: word.thresholds_end as usize, sets, windows }
    }
}

impl Window {
    /// All bits if `x` is a member, else none.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the result is compared with `x`")]
    #[expect(clippy::float_cmp, reason = "a category is a whole number, exactly")]
    fn contains(self, x: f32) -> u32 {
        let whole = x as i32;
        let offset = whole.cast_unsigned().wrapping_sub(self.first);
        let member = self.members >> (offset & 31) & 1;
        mask(whole as f32 == x) & mask(offset < 32) & member.wrapping_neg()
    }
}

/// All bits if the condition holds, else none.
#[inline(always)]
fn mask(holds: bool) -> u32 {
    u32::from(holds).wrapping_neg()
}

/// The number of the lowest bit that is set; any number below 32 if there is none. It is read from the
/// exponent of a float, because every processor has vectors of floats.
#[inline(always)]
fn lowest_bit(bits: u32) -> u32 {
    let lowest = (bits & bits.wrapping_neg()).cast_signed() as f32;
    ((lowest.to_bits() >> 23) + 1) & 31
}
