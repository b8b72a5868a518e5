//! Trees laid out for speed: eight bytes per node, siblings side by side. The top of each tree is a list of
//! questions that need no branches (see [`super::quick_scorer`]).

use super::forest::Forest;
use super::node::{Links, PackedNode};
use super::quick_scorer::Masks;
use super::slot_column::SlotColumn;
use super::splits::{Ask, Sets, Split, unfold};

/// Trees that sum `float` weights, ready for the kernels.
///
/// The children and the slot of every node are in range. The kernels rely on this, so code outside this file
/// cannot change the fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    /// The column at each slot. Leaves name the slot after the last, where every row has negative infinity.
    columns: Vec<SlotColumn>,
    /// How the links of nodes are encoded.
    links: Links,
    /// The nodes, tree after tree.
    nodes: Vec<PackedNode>,
    /// The trees, ordered by depth.
    trees: Vec<Tree>,
    /// The tops of the trees.
    masks: Masks,
    /// The sets of categories that nodes ask for. Each is a flag for missing values, the number of words, and
    /// the words with one bit per category.
    sets: Vec<u32>,
    /// The rows of weights of leaves with several targets: one weight per target.
    rows: Vec<f32>,
    /// The number of targets.
    targets: usize,
    /// The target of all trees, if they share one.
    only_target: Option<u32>,
}

/// A tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tree {
    /// The place of its first node.
    pub base: u32,
    /// The number of steps from the root to the deepest leaf.
    pub depth: u32,
    /// The end of the words of its top. They begin where those of the previous tree end.
    pub words_end: u32,
    /// The number of steps from the exits of its top to the deepest leaf. If it is 0, the exits hold the
    /// values of leaves.
    pub rest: u32,
    /// The target of all its weights. [`Tree::ROWS`] if its leaves have rows of weights.
    pub target: u32,
    /// Whether a node asks for a set.
    pub has_sets: bool,
}

impl Tree {
    /// Stands for a target when the leaves have rows of weights.
    pub const ROWS: u32 = u32::MAX;
}

impl Packed {
    /// Packs trees. `None` if they are too large, or ask questions that [`Split`] cannot express.
    pub fn new(forest: &Forest<f32>, targets: usize) -> Option<Self> {
        // Shared branches may unfold into more nodes than the forest has, but only up to a limit.
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
        // Trees of equal depth can be walked side by side. A sum in `double` rounds to the same `float` in
        // any order.
        trees.sort_by_key(|(heights, ..)| heights.0[0]);

        // The slot after the last is for leaves.
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
                    // The walk relies on this.
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
    /// The column at each slot.
    #[inline(always)]
    pub fn columns(&self) -> &[SlotColumn] {
        &self.columns
    }

    /// How the links of nodes are encoded.
    #[inline(always)]
    pub fn links(&self) -> Links {
        self.links
    }

    /// The nodes, tree after tree.
    #[inline(always)]
    pub fn nodes(&self) -> &[PackedNode] {
        &self.nodes
    }

    /// The trees, ordered by depth.
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

    /// The target of all trees, if they share one.
    #[inline(always)]
    pub fn only_target(&self) -> Option<u32> {
        self.only_target
    }

    /// The row of weights that a leaf refers to.
    #[inline(always)]
    pub fn row(&self, leaf: u32) -> &[f32] {
        &self.rows[leaf as usize * self.targets..][..self.targets]
    }

    /// Whether the set at `place` contains the category `x`.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the result is compared with `x`"
    )]
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

/// The most weights in rows, unless the model itself has a fourth of it.
const MAX_ROW_WEIGHTS: usize = 1 << 20;

/// The number of steps from each split to the deepest leaf below it.
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
