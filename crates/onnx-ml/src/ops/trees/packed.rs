//! Trees laid out for speed: eight bytes a node, siblings side by side, and the top of each tree as questions that need no
//! branch (see [`super::masks`]).

use super::forest::Forest;
use super::node::{Links, PackedNode};
use super::quick_scorer::Masks;
use super::slot_column::SlotColumn;
use super::splits::{Ask, Sets, Split, unfold};

/// Trees that sum `float` weights, ready for the kernels.
///
/// Every node's children, and the slot that it looks at, are in range. The kernels rely on it, so nothing outside of this file
/// can change it.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    /// What rows have at each slot that nodes name. Leaves name the slot behind the last, in which every row has negative
    /// infinity.
    columns: Vec<SlotColumn>,
    /// How the nodes' links are read.
    links: Links,
    /// The nodes of tree after tree.
    nodes: Vec<PackedNode>,
    /// The trees, those of equal depth together.
    trees: Vec<Tree>,
    /// The tops of the trees.
    masks: Masks,
    /// Sets of categories that nodes ask for: whether a missing value belongs to it, the number of words, and the words, a
    /// bit a category.
    sets: Vec<u32>,
    /// For leaves with weights for several targets: rows of as many weights as there are targets.
    rows: Vec<f32>,
    /// The number of targets.
    targets: usize,
    /// The target of all trees, if they have the same.
    only_target: Option<u32>,
}

/// A tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tree {
    /// Where its nodes begin.
    pub base: u32,
    /// Steps from the root to the deepest leaf.
    pub depth: u32,
    /// The words of its top, from where those of the tree before ended.
    pub words_end: u32,
    /// Steps from the exits of its top to the deepest leaf. If there are none, exits hold what leaves hold.
    pub rest: u32,
    /// The target of all its weights; [`Tree::ROWS`] when its leaves have rows of weights.
    pub target: u32,
    /// Whether a node asks for a set.
    pub has_sets: bool,
}

impl Tree {
    /// In the place of a target: the leaves have rows of weights.
    pub const ROWS: u32 = u32::MAX;
}

impl Packed {
    /// Packs trees; `None` for those that can't be: too large, or with questions that splits don't have.
    pub fn new(forest: &Forest<f32>, targets: usize) -> Option<Self> {
        // Shared branches may unfold into more nodes than there were, but not into many times as many.
        let mut left = forest.nodes.len() * 4 + 1024;
        let mut trees = Vec::with_capacity(forest.roots.len());
        let mut columns: Vec<SlotColumn> = Vec::new();
        for &root in &forest.roots {
            let mut sets = Sets::default();
            let splits = unfold(forest, root, left, &mut sets)?;
            left -= splits.len();
            let branches = splits.iter().filter(|split| split.ask.leaf().is_none());
            columns.extend(branches.map(Split::column));
            columns.sort_unstable();
            columns.dedup();
            trees.push((Heights::of(&splits), splits, sets));
        }
        // Trees of equal depth can be walked side by side. The order of a sum in `double` does not show in `float`.
        trees.sort_by_key(|(heights, ..)| heights.0[0]);

        // The slot behind the last is the leaves'.
        let links = Links::new(columns.len())?;
        let mut packed = Self {
            columns,
            links,
            nodes: Vec::with_capacity(trees.iter().map(|(_, splits, _)| splits.len()).sum()),
            trees: Vec::with_capacity(trees.len()),
            masks: Masks::default(),
            sets: Vec::new(),
            rows: Vec::new(),
            targets,
            only_target: None,
        };
        for (heights, splits, sets) in trees {
            packed.push(forest, &splits, &heights, &sets)?;
        }
        let first = packed.trees.first().map(|tree| tree.target);
        packed.only_target = first
            .filter(|&first| first != Tree::ROWS && packed.trees.iter().all(|tree| tree.target == first));
        Some(packed)
    }

    fn push(&mut self, forest: &Forest<f32>, splits: &[Split], heights: &Heights, sets: &Sets) -> Option<()> {
        let base = self.nodes.len();
        let slot_of = |split: &Split| u32::try_from(self.columns.binary_search(&split.column()).ok()?).ok();
        let leaf_slot = u32::try_from(self.columns.len()).ok()?;
        let leaves = || splits.iter().filter_map(|split| split.ask.leaf());
        let weights = |leaf: u32| forest.weights_of(&forest.nodes[leaf as usize]);
        let mut targets = leaves().flat_map(|leaf| weights(leaf).iter().map(|(target, _)| *target));
        let first = targets.next().unwrap_or(0);
        let single = targets.all(|target| target == first);
        let wide = leaves().count().checked_mul(self.targets)?;
        if !single && self.rows.len() + wide > MAX_ROW_WEIGHTS.max(forest.weights.len() * 4) {
            return None;
        }

        for (place, split) in splits.iter().enumerate() {
            let node = match split.ask {
                Ask::Leq(value) => PackedNode {
                    value,
                    link: self.links.pack(split.left as usize - place, false, slot_of(split)?)?,
                },
                Ask::In(index) => {
                    let words = &sets.0[index as usize];
                    let set = u32::try_from(self.sets.len()).ok()?;
                    self.sets.extend([u32::from(split.missing_left), u32::try_from(words.len()).ok()?]);
                    self.sets.extend(words);
                    PackedNode {
                        value: f32::from_bits(set),
                        link: self.links.pack(split.left as usize - place, true, slot_of(split)?)?,
                    }
                }
                Ask::Leaf(leaf) => {
                    let value = if single {
                        weights(leaf).iter().map(|(_, weight)| weight).sum()
                    } else {
                        let start = self.rows.len();
                        self.rows.resize(start + self.targets, 0.0);
                        for (target, weight) in weights(leaf) {
                            self.rows[start + *target as usize] += weight;
                        }
                        f32::from_bits(u32::try_from(start / self.targets).ok()?)
                    };
                    // The walk relies on it.
                    if value.is_nan() {
                        return None;
                    }
                    PackedNode { value, link: self.links.pack(0, false, leaf_slot)? }
                }
            };
            self.nodes.push(node);
        }
        let nodes = &self.nodes[base..];
        let slots: Vec<u32> = nodes.iter().map(|node| node.link & self.links.slot_mask()).collect();
        let rest = self.masks.push(splits, &heights.0, nodes, &slots, sets)?;
        self.trees.push(Tree {
            base: u32::try_from(base).ok()?,
            depth: heights.0[0],
            words_end: u32::try_from(self.masks.words.len()).ok()?,
            rest,
            target: if single { first } else { Tree::ROWS },
            has_sets: !sets.0.is_empty(),
        });
        Some(())
    }
}

impl Packed {
    /// What rows have at each slot.
    #[inline(always)]
    pub fn columns(&self) -> &[SlotColumn] {
        &self.columns
    }

    /// How the nodes' links are read.
    #[inline(always)]
    pub fn links(&self) -> Links {
        self.links
    }

    /// The nodes of tree after tree.
    #[inline(always)]
    pub fn nodes(&self) -> &[PackedNode] {
        &self.nodes
    }

    /// The trees, those of equal depth together.
    #[inline(always)]
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// The tops of the trees.
    #[inline(always)]
    pub fn masks(&self) -> &Masks {
        &self.masks
    }

    /// Whether a node asks for a set.
    #[inline(always)]
    pub fn has_sets(&self) -> bool {
        !self.sets.is_empty()
    }

    /// The number of targets.
    #[inline(always)]
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// The target of all trees, if they have the same.
    #[inline(always)]
    pub fn only_target(&self) -> Option<u32> {
        self.only_target
    }

    /// The weights that a leaf of a tree with rows holds.
    #[inline(always)]
    pub fn row(&self, leaf: u32) -> &[f32] {
        &self.rows[leaf as usize * self.targets..][..self.targets]
    }

    /// Whether the set at `place` has the category `x`.
    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared with what it was")]
    #[expect(clippy::float_cmp, reason = "a category is a whole number, exactly")]
    pub fn contains(&self, place: u32, x: f32) -> bool {
        let set = &self.sets[place as usize..];
        if x.is_nan() {
            return set[0] != 0;
        }
        let category = x as u32;
        let word = (category / 32) as usize;
        category as f32 == x && word < set[1] as usize && set[word + 2] >> (category % 32) & 1 != 0
    }
}

/// Weights that rows may take beyond what the model itself has.
const MAX_ROW_WEIGHTS: usize = 1 << 20;

/// Steps from each split to the deepest leaf below it.
#[derive(Debug)]
pub struct Heights(pub Vec<u32>);

impl Heights {
    fn of(splits: &[Split]) -> Self {
        let mut heights = vec![0; splits.len()];
        // Breadth first: children come after their parents.
        for (place, split) in splits.iter().enumerate().rev() {
            if split.ask.leaf().is_none() {
                let left = split.left as usize;
                heights[place] = 1 + heights[left].max(heights[left + 1]);
            }
        }
        Self(heights)
    }
}
