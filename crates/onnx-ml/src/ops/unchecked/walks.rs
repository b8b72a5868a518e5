//! Steps down trees without bounds checks.
//!
//! The reads are in range because
//! - every walk begins at a node, which is checked.
//! - only [`Packed::new`] makes a [`Packed`], and only its own file can change it. Both children of a branch
//!   are nodes of the same tree. The slot of every node is at most the one after the last column.
//! - rows have that last slot, which is checked, and it holds negative infinity. [`Chunk`] and [`Row`] are
//!   made so, and their own file writes only to the slots before it. A leaf names that slot, is its own left
//!   child, and has a value that is never NaN. So negative infinity is at most the value, and a walk never
//!   leaves a leaf.
//!
//! With 16 or 20 walks at once, a step costs about nine instructions and waits for nothing. Bounds checks
//! would add five. Gathers of AVX2 take longer.

use super::super::trees::{Chunk, LANES, Packed, PackedNode, Row, Tree};

/// The rows that walk side by side: while one waits for memory, others compute.
const SIDE_BY_SIDE: usize = 16;

/// The trees that a row walks down side by side. Most ensembles have a multiple of this number.
pub const TREES: usize = 20;

/// The steps between checks for the end of all walks. A check after each step would cost more than it saves.
const STEPS_PER_CHECK: u32 = 16;

/// Takes every row of a chunk from a node below the top of a tree to its leaf. `places` are nodes of the
/// tree, and become the values of the leaves.
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
            for _ in 0..left.min(STEPS_PER_CHECK) {
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
            left = left.saturating_sub(STEPS_PER_CHECK);
        }
        *places = at.map(|at| packed.nodes()[at].value.to_bits());
    }
}

/// Takes a row down up to [`TREES`] trees, the deepest last, and returns the values of the leaves.
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
        for _ in 0..left.min(STEPS_PER_CHECK) {
            for at in &mut at {
                // SAFETY: `at` is a node, and `row` has a value for each slot.
                unsafe {
                    let node = *packed.nodes().get_unchecked(*at);
                    let value = row.get_unchecked(packed.links().slot(node));
                    *at = next::<SETS>(packed, *at, node, *value);
                }
            }
        }
        left = left.saturating_sub(STEPS_PER_CHECK);
    }
    at.map(|at| packed.nodes()[at].value.to_bits())
}

/// Whether all walks have reached a leaf. Then the steps to the deepest leaf can be skipped.
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
