//! Makes trees uniform: every branch goes left for `x <= threshold` or for a member of a set, and siblings
//! are neighbours.

use super::forest::{Forest, ForestNode, Test};
use super::slot_column::{Rounding, SlotColumn};

/// The branches and leaves of a tree, breadth first. The root is the first, and a right child follows its
/// left sibling.
pub type Splits = Vec<Split>;

/// A branch or a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// The question.
    pub ask: Ask,
    /// The feature that is read.
    pub feature: u32,
    /// Whether a missing value (NaN) goes left.
    pub missing_left: bool,
    /// How a value that is not a `float` is rounded, for the same answer.
    pub rounding: Rounding,
    /// The place of the left child.
    pub left: u32,
}

/// The question of a branch. Rows for which it holds go left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ask {
    /// A leaf, by its place in the forest.
    Leaf(u32),
    /// `x <= threshold`
    Leq(f32),
    /// `x` is a category of the set with this index.
    In(u32),
}

impl Split {
    fn leaf(place: u32) -> Self {
        let (feature, missing_left, left) = (0, false, 0);
        Self { ask: Ask::Leaf(place), feature, missing_left, rounding: Rounding::Exact, left }
    }

    /// The column that is read. A set has its own rule for missing values.
    pub fn column(&self) -> SlotColumn {
        let missing_left = self.missing_left && matches!(self.ask, Ask::Leq(_));
        SlotColumn { feature: self.feature, missing_left, rounding: self.rounding }
    }
}

impl Ask {
    /// The place of a leaf in the forest.
    pub fn leaf(self) -> Option<u32> {
        if let Self::Leaf(place) = self { Some(place) } else { None }
    }
}

/// Sets of categories, with one bit per category. Categories are whole numbers from 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sets(pub Vec<Vec<u32>>);

/// The first category that is too large for a set. Trees with such a category are not packed.
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

/// The tree below `root` as splits. A shared branch is copied for every branch that leads to it. `None` if a
/// test cannot be expressed, or if there are more than `limit` splits.
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

/// A branch as a split with its left child at `left`, and the nodes on its left and right.
fn split(
    forest: &Forest<f32>,
    node: &ForestNode<f32>,
    left: usize,
    sets: &mut Sets,
) -> Option<(Split, [u32; 2])> {
    let missing = node.missing_is_true;
    let (yes, no) = (node.yes, node.no);
    // `x < t` is `x <= p`, where p is the float before t. `x > t` is `x <= t` with the sides swapped, but for
    // NaN.
    let (ask, rounding, missing_left, children) = match node.test {
        Test::Leaf => return None,
        Test::Leq(threshold) => (Ask::Leq(threshold), Rounding::Up, missing, [yes, no]),
        Test::Lt(threshold) => (Ask::Leq(below(threshold)), Rounding::Down, missing, [yes, no]),
        // No number is above or below NaN.
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
    // A threshold cannot mean "missing values only".
    let unsound = missing_left && matches!(ask, Ask::Leq(threshold) if threshold.is_nan());
    let split = Split { ask, feature: node.feature, missing_left, rounding, left: u32::try_from(left).ok()? };
    (!unsound).then_some((split, children))
}

/// The next float down. It is NaN for the lowest float, because no number is below that.
fn below(threshold: f32) -> f32 {
    if threshold == f32::NEG_INFINITY { f32::NAN } else { threshold.next_down() }
}

/// Reads a split by categories, which exporters write as a chain: `x == a`, else `x == b`, and so on, all
/// with the same child. Returns the categories, and the node for values that are not among them.
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
