//! A tree made uniform: every branch goes left for `x <= threshold` or for a member of a set, and siblings are neighbours.

use super::forest::{Forest, ForestNode, Test};
use super::slot_column::{Rounding, SlotColumn};

/// A tree's branches and leaves, breadth first: the root is the first, the right child of a branch follows its left one.
pub type Splits = Vec<Split>;

/// A branch or a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// What is asked.
    pub ask: Ask,
    /// The feature that is looked at.
    pub feature: u32,
    /// Whether a missing value (NaN) goes left.
    pub missing_left: bool,
    /// How a value that is no `float` comes to one, for the same answer.
    pub rounding: Rounding,
    /// The left child's place.
    pub left: u32,
}

/// The question of a branch: those for whom it holds go left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ask {
    /// None: a leaf, by its place in the forest.
    Leaf(u32),
    /// `x <= threshold`
    Leq(f32),
    /// `x` is a category of the set of that index.
    In(u32),
}

impl Split {
    fn leaf(place: u32) -> Self {
        let (feature, missing_left, left) = (0, false, 0);
        Self { ask: Ask::Leaf(place), feature, missing_left, rounding: Rounding::Exact, left }
    }

    /// The column that is looked at. A set has its own rule for missing values.
    pub fn column(&self) -> SlotColumn {
        let missing_left = self.missing_left && matches!(self.ask, Ask::Leq(_));
        SlotColumn { feature: self.feature, missing_left, rounding: self.rounding }
    }
}

impl Ask {
    /// The leaf's place in the forest.
    pub fn leaf(self) -> Option<u32> {
        if let Self::Leaf(place) = self { Some(place) } else { None }
    }
}

/// Sets of categories, which are numbers from 0: a bit each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sets(pub Vec<Vec<u32>>);

/// Categories from here on are left to the forest itself.
const MAX_CATEGORIES: u32 = 1 << 14;

impl Sets {
    fn add(&mut self, categories: impl IntoIterator<Item = f32>) -> Option<u32> {
        let mut words = Vec::new();
        for category in categories {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "compared right after"
            )]
            let whole = category as u32;
            #[expect(clippy::float_cmp, reason = "a category is a whole number, exactly")]
            let is_category = whole < MAX_CATEGORIES && whole as f32 == category;
            if !is_category {
                return None;
            }
            let word = (whole / 32) as usize;
            if words.len() <= word {
                words.resize(word + 1, 0);
            }
            words[word] |= 1 << (whole % 32);
        }
        self.0.push(words);
        u32::try_from(self.0.len() - 1).ok()
    }
}

/// The tree below `root` as splits; `None` when it can't be made so, or would have more than `limit` of them: shared
/// branches become as many as lead there.
pub fn unfold(forest: &Forest<f32>, root: u32, limit: usize, sets: &mut Sets) -> Option<Splits> {
    let mut splits = vec![Split::leaf(root)];
    let mut at = 0;
    while at < splits.len() {
        let Ask::Leaf(place) = splits[at].ask else { return None };
        let node = &forest.nodes[place as usize];
        if !node.is_leaf() {
            let (split, children) = split(forest, node, splits.len(), sets)?;
            splits[at] = split;
            splits.extend(children.map(Split::leaf));
        }
        if splits.len() > limit {
            return None;
        }
        at += 1;
    }
    Some(splits)
}

/// A branch as a split whose left child comes to `left`, and the nodes on its left and on its right.
fn split(
    forest: &Forest<f32>,
    node: &ForestNode<f32>,
    left: usize,
    sets: &mut Sets,
) -> Option<(Split, [u32; 2])> {
    let missing = node.missing_is_true;
    let (yes, no) = (node.yes, node.no);
    // `x < t` is `x <= p` for the float before t, and `x > t` is `x <= t` with sides changed: but NaN is neither.
    let (ask, rounding, missing_left, children) = match node.test {
        Test::Leaf => return None,
        Test::Leq(threshold) => (Ask::Leq(threshold), Rounding::Up, missing, [yes, no]),
        Test::Lt(threshold) => (Ask::Leq(below(threshold)), Rounding::Down, missing, [yes, no]),
        // Nothing is above NaN, nor below.
        Test::Gt(threshold) | Test::Gte(threshold) if threshold.is_nan() => return None,
        Test::Gt(threshold) => (Ask::Leq(threshold), Rounding::Up, !missing, [no, yes]),
        Test::Gte(threshold) => (Ask::Leq(below(threshold)), Rounding::Down, !missing, [no, yes]),
        Test::Eq(_) => {
            let (categories, no) = equal_chain(forest, node);
            (Ask::In(sets.add(categories)?), Rounding::Exact, missing, [yes, no])
        }
        Test::Neq(threshold) => (Ask::In(sets.add([threshold])?), Rounding::Exact, false, [no, yes]),
        Test::Member(set) => {
            let members = forest.sets[set as usize].iter().copied();
            (Ask::In(sets.add(members)?), Rounding::Exact, missing, [yes, no])
        }
    };
    // No threshold stands for "missing values only".
    let unsound = missing_left && matches!(ask, Ask::Leq(threshold) if threshold.is_nan());
    let split = Split { ask, feature: node.feature, missing_left, rounding, left: u32::try_from(left).ok()? };
    (!unsound).then_some((split, children))
}

/// The next float down; for the lowest there is none, and nothing is below it.
fn below(threshold: f32) -> f32 {
    if threshold == f32::NEG_INFINITY { f32::NAN } else { threshold.next_down() }
}

/// How exporters write a split by categories: `x == a`, else `x == b`, and so on, all with the same child. The categories,
/// and where the last leads for none of them.
fn equal_chain(forest: &Forest<f32>, first: &ForestNode<f32>) -> (Vec<f32>, u32) {
    let (mut categories, mut no, mut node) = (Vec::new(), first.no, first);
    while let Test::Eq(category) = node.test
        && (node.yes, node.feature, node.missing_is_true) == (first.yes, first.feature, first.missing_is_true)
    {
        categories.push(category);
        no = node.no;
        node = &forest.nodes[no as usize];
    }
    (categories, no)
}
