//! All of the project's `unsafe`: code compiled for AVX2, and steps down trees without bounds checks.
//!
//! A function with AVX2 is called through [`Avx2`] only, which exists only where the processor has it.
//!
//! The reads of steps are in range because
//! - every walk begins at a node, which is checked;
//! - [`Packed`] is only made by [`Packed::new`] and then left as it is. A branch's left child and its sibling are nodes of
//!   the same tree, and every node's slot is at most the one behind the last column;
//! - rows have that slot, which is checked, and there negative infinity (`Block` and [`Row`] are made so). It is not above
//!   the value of a leaf, which is never NaN, so a leaf, which names that slot and is its own left child, is never left.
//!
//! Walking 16 or 20 at once, a step costs some nine instructions, and waits for nothing: checks would be five more. Gathers
//! of AVX2 were tried instead and took longer.
#![allow(unsafe_code)]
#![expect(clippy::inline_always, reason = "as in the trees' kernel")]

use std::sync::atomic::{AtomicBool, Ordering};

use super::dense::{PANEL, ROWS};
use super::trees::{LANES, Node, Packed, Row, Tree};

/// Whether AVX2 is left unused.
static PORTABLE: AtomicBool = AtomicBool::new(false);

/// Leaves AVX2 unused from here on, to measure on x86-64 what other processors get.
pub fn use_portable_code() {
    PORTABLE.store(true, Ordering::Relaxed);
}

/// Shows that the processor has AVX2, and FMA and BMI2, which came with it.
#[derive(Debug, Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    /// If it has, and it is to be used.
    pub fn new() -> Option<Self> {
        if PORTABLE.load(Ordering::Relaxed) {
            return None;
        }
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi2")
        {
            return Some(Self(()));
        }
        None
    }

    /// Does the work with code compiled for AVX2.
    #[expect(clippy::unused_self, reason = "it is the proof")]
    pub fn run<W: Work>(self, work: W) -> W::Output {
        #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma,bmi2"))]
        fn with_avx2<W: Work>(work: W) -> W::Output {
            work.run()
        }
        // SAFETY: `self` shows that there is AVX2.
        #[allow(unused_unsafe, reason = "elsewhere it is an ordinary function")]
        unsafe {
            with_avx2(work)
        }
    }

    /// The product of some rows with as many rows of a panel as they have elements.
    #[expect(clippy::unused_self, reason = "it is the proof")]
    pub fn panel(self, x: [&[f32]; ROWS], panel: &[[f32; PANEL]], product: &mut [[f32; PANEL]; ROWS]) {
        assert!(x.iter().all(|x| x.len() == panel.len()));
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `self` shows that there are AVX2 and FMA, and rows and panel are of one length.
        unsafe {
            panel_with_avx2(x, panel, product);
        }
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("there is AVX2 on x86-64 only: {panel:?} {product:?}")
    }
}

/// [`Avx2::panel`].
///
/// # Safety
/// Rows and panel are of one length.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn panel_with_avx2(x: [&[f32]; ROWS], panel: &[[f32; PANEL]], product: &mut [[f32; PANEL]; ROWS]) {
    use std::arch::x86_64::{
        _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
    };
    let mut sums = [[_mm256_setzero_ps(); 2]; ROWS];
    for (at, coefficients) in panel.iter().enumerate() {
        // SAFETY: a row of a panel is two vectors long, and every row of `x` has an element for it.
        unsafe {
            let low = _mm256_loadu_ps(coefficients.as_ptr());
            let high = _mm256_loadu_ps(coefficients.as_ptr().add(8));
            for (x, sums) in x.iter().zip(&mut sums) {
                let x = _mm256_set1_ps(*x.get_unchecked(at));
                *sums = [_mm256_fmadd_ps(x, low, sums[0]), _mm256_fmadd_ps(x, high, sums[1])];
            }
        }
    }
    for ([low, high], product) in sums.into_iter().zip(product) {
        // SAFETY: a row is two vectors long.
        unsafe {
            _mm256_storeu_ps(product.as_mut_ptr(), low);
            _mm256_storeu_ps(product.as_mut_ptr().add(8), high);
        }
    }
}

const _: () = assert!(PANEL == 16);

/// Work that is compiled for the instructions of whoever calls it: [`Work::run`] must be `#[inline(always)]`.
pub trait Work {
    /// What comes of it.
    type Output;

    /// Does it.
    fn run(self) -> Self::Output;
}

/// Rows that walk side by side, so that while one waits for memory others compute.
const SIDE_BY_SIDE: usize = 16;

/// Trees that a row walks down side by side: most ensembles have a multiple of so many.
pub const TREES: usize = 20;

/// Steps that are taken before it is looked whether any are left: looking at each takes longer than it saves.
const UNLOOKED: u32 = 16;

/// Takes every row of a chunk from a node below the top of a tree to its leaf: `places`, in the tree, become what the leaves
/// hold.
#[inline(always)]
pub fn rows(packed: &Packed, tree: &Tree, x: &[[f32; LANES]], places: &mut [u32; LANES]) {
    if tree.has_sets {
        rows_asking::<true>(packed, tree, x, places);
    } else {
        rows_asking::<false>(packed, tree, x, places);
    }
}

#[inline(always)]
fn rows_asking<const SETS: bool>(
    packed: &Packed,
    tree: &Tree,
    x: &[[f32; LANES]],
    places: &mut [u32; LANES],
) {
    assert!(x.len() == packed.columns.len() + 1);
    let x = x.as_flattened();
    let (groups, _) = places.as_chunks_mut::<SIDE_BY_SIDE>();
    for (group, places) in groups.iter_mut().enumerate() {
        let mut at = places.map(|place| tree.base as usize + place as usize);
        assert!(at.iter().all(|&at| at < packed.nodes.len()));
        let mut left = tree.rest;
        while left > 0 && !all_leaves(packed, &at) {
            for _ in 0..left.min(UNLOOKED) {
                for (lane, at) in at.iter_mut().enumerate() {
                    // SAFETY: `at` is a node, and `x` has LANES values for each slot.
                    unsafe {
                        let node = *packed.nodes.get_unchecked(*at);
                        let value =
                            x.get_unchecked(packed.links.slot(node) * LANES + group * SIDE_BY_SIDE + lane);
                        *at = next::<SETS>(packed, *at, node, *value);
                    }
                }
            }
            left = left.saturating_sub(UNLOOKED);
        }
        *places = at.map(|at| packed.nodes[at].value.to_bits());
    }
}

/// Takes a row down up to [`TREES`] trees, the deepest last: what the leaves hold.
#[inline(always)]
pub fn trees(packed: &Packed, trees: &[Tree], row: &Row) -> [u32; TREES] {
    if packed.sets.is_empty() {
        trees_asking::<false>(packed, trees, row.values())
    } else {
        trees_asking::<true>(packed, trees, row.values())
    }
}

#[inline(always)]
fn trees_asking<const SETS: bool>(packed: &Packed, trees: &[Tree], row: &[f32]) -> [u32; TREES] {
    assert!(row.len() == packed.columns.len() + 1);
    let mut at = [0; TREES];
    for (at, tree) in at.iter_mut().zip(trees) {
        *at = tree.base as usize;
    }
    assert!(at.iter().all(|&at| at < packed.nodes.len()));
    let mut left = trees.last().map_or(0, |tree| tree.depth);
    while left > 0 && !all_leaves(packed, &at) {
        for _ in 0..left.min(UNLOOKED) {
            for at in &mut at {
                // SAFETY: `at` is a node, and `row` has a value for each slot.
                unsafe {
                    let node = *packed.nodes.get_unchecked(*at);
                    let value = row.get_unchecked(packed.links.slot(node));
                    *at = next::<SETS>(packed, *at, node, *value);
                }
            }
        }
        left = left.saturating_sub(UNLOOKED);
    }
    at.map(|at| packed.nodes[at].value.to_bits())
}

/// Whether all walks have come to a leaf: then the steps that the lowest leaf would take can be spared.
#[inline(always)]
fn all_leaves(packed: &Packed, at: &[usize]) -> bool {
    at.iter().all(|&at| packed.links.to_left(packed.nodes[at]) == 0)
}

/// The child that a value leads to.
#[inline(always)]
fn next<const SETS: bool>(packed: &Packed, at: usize, node: Node, x: f32) -> usize {
    let left = if SETS && packed.links.is_set(node) {
        packed.contains(node.value.to_bits(), x)
    } else {
        x <= node.value
    };
    at + packed.links.to_left(node) + usize::from(!left)
}
