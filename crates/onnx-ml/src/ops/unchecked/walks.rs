//! Steps down trees without bounds checks.
//!
//! The reads are in range because
//! - every walk begins at a node, which is checked;
//! - [`Packed`] is only made by [`Packed::new`], and nothing but its own file could change it. A branch's left child and its sibling are nodes of
//!   the same tree, and every node's slot is at most the one behind the last column;
//! - rows have that slot, which is checked, and there negative infinity: [`Chunk`] and [`Row`] are made so, and their own
//!   file writes to the slots before it only. It is not above the value of a leaf, which is never NaN, so a leaf, which names that slot and is its own left child, is never left.
//!
//! Walking 16 or 20 at once, a step costs some nine instructions, and waits for nothing: checks would be five more. Gathers
//! of AVX2 were tried instead and took longer.

use super::super::trees::{Chunk, LANES, Packed, PackedNode, Row, Tree};

/// Rows that walk side by side, so that while one waits for memory others compute.
const SIDE_BY_SIDE: usize = 16;

/// Trees that a row walks down side by side: most ensembles have a multiple of so many.
pub const TREES: usize = 20;

/// Steps that are taken before it is looked whether any are left: looking at each takes longer than it saves.
const UNLOOKED: u32 = 16;

/// Takes every row of a chunk from a node below the top of a tree to its leaf: `places`, in the tree, become what the leaves
/// hold.
#[inline(always)]
pub fn rows(packed: &Packed, tree: &Tree, chunk: Chunk, places: &mut [u32; LANES]) {
    if tree.has_sets {
        rows_asking::<true>(packed, tree, chunk, places);
    } else {
        rows_asking::<false>(packed, tree, chunk, places);
    }
}

#[inline(always)]
fn rows_asking<const SETS: bool>(packed: &Packed, tree: &Tree, chunk: Chunk, places: &mut [u32; LANES]) {
    let x = chunk.vectors();
    assert!(x.len() == packed.columns().len() + 1);
    let x = x.as_flattened();
    let (groups, _) = places.as_chunks_mut::<SIDE_BY_SIDE>();
    for (group, places) in groups.iter_mut().enumerate() {
        let mut at = places.map(|place| tree.base as usize + place as usize);
        assert!(at.iter().all(|&at| at < packed.nodes().len()));
        let mut left = tree.rest;
        while left > 0 && !all_leaves(packed, &at) {
            for _ in 0..left.min(UNLOOKED) {
                for (lane, at) in at.iter_mut().enumerate() {
                    // SAFETY: `at` is a node, and `x` has LANES values for each slot.
                    unsafe {
                        let node = *packed.nodes().get_unchecked(*at);
                        let value =
                            x.get_unchecked(packed.links().slot(node) * LANES + group * SIDE_BY_SIDE + lane);
                        *at = next::<SETS>(packed, *at, node, *value);
                    }
                }
            }
            left = left.saturating_sub(UNLOOKED);
        }
        *places = at.map(|at| packed.nodes()[at].value.to_bits());
    }
}

/// Takes a row down up to [`TREES`] trees, the deepest last: what the leaves hold.
#[inline(always)]
pub fn trees(packed: &Packed, trees: &[Tree], row: &Row) -> [u32; TREES] {
    if packed.has_sets() {
        trees_asking::<true>(packed, trees, row.values())
    } else {
        trees_asking::<false>(packed, trees, row.values())
    }
}

#[inline(always)]
fn trees_asking<const SETS: bool>(packed: &Packed, trees: &[Tree], row: &[f32]) -> [u32; TREES] {
    assert!(row.len() == packed.columns().len() + 1);
    let mut at = [0; TREES];
    for (at, tree) in at.iter_mut().zip(trees) {
        *at = tree.base as usize;
    }
    assert!(at.iter().all(|&at| at < packed.nodes().len()));
    let mut left = trees.last().map_or(0, |tree| tree.depth);
    while left > 0 && !all_leaves(packed, &at) {
        for _ in 0..left.min(UNLOOKED) {
            for at in &mut at {
                // SAFETY: `at` is a node, and `row` has a value for each slot.
                unsafe {
                    let node = *packed.nodes().get_unchecked(*at);
                    let value = row.get_unchecked(packed.links().slot(node));
                    *at = next::<SETS>(packed, *at, node, *value);
                }
            }
        }
        left = left.saturating_sub(UNLOOKED);
    }
    at.map(|at| packed.nodes()[at].value.to_bits())
}

/// Whether all walks have come to a leaf: then the steps that the deepest leaf would take can be spared.
#[inline(always)]
fn all_leaves(packed: &Packed, at: &[usize]) -> bool {
    at.iter().all(|&at| packed.links().to_left(packed.nodes()[at]) == 0)
}

/// The child that a value leads to.
#[inline(always)]
fn next<const SETS: bool>(packed: &Packed, at: usize, node: PackedNode, x: f32) -> usize {
    let left = if SETS && packed.links().is_set(node) {
        packed.contains(node.value.to_bits(), x)
    } else {
        x <= node.value
    };
    at + packed.links().to_left(node) + usize::from(!left)
}
