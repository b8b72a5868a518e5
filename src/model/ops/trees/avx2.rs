//! Steps of eight at a time with AVX2, which can gather values from eight places.
//!
//! All of the project's `unsafe` is here. It is sound because
//! - the functions with AVX2 are called through [`Avx2`] only, which exists only where the processor has it;
//! - what is gathered is in range: a walk begins at a node of its tree; every branch's two children are nodes of its tree,
//!   and every node's slot is at most the one behind the last ([`Packed`] is made so, and not changed); at that last slot
//!   there is negative infinity in every row ([`Block`] and [`Row`] are made so), which is not above the value of a leaf,
//!   which is never NaN: so a leaf, which names that slot and is its own left child, is never left.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::kernel::{self, Block, Kernel, Row};
use super::masks::LANES;
use super::packed::{Links, Node, Packed, Tree};
use super::walk::{Portable, Walk};

/// Shows that the processor has AVX2.
#[derive(Debug, Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    /// If it has.
    pub fn new() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

impl Kernel for Avx2 {
    fn sum_block(self, packed: &Packed, block: &Block, sums: &mut [f64]) {
        #[target_feature(enable = "avx2")]
        fn with_avx2(walk: Avx2, packed: &Packed, block: &Block, sums: &mut [f64]) {
            kernel::sum_block(walk, packed, block, sums);
        }
        // SAFETY: `self` shows that there is AVX2.
        unsafe { with_avx2(self, packed, block, sums) }
    }

    fn leaves(self, packed: &Packed, row: &Row, leaves: &mut [u32]) {
        #[target_feature(enable = "avx2")]
        fn with_avx2(walk: Avx2, packed: &Packed, row: &Row, leaves: &mut [u32]) {
            kernel::leaves(walk, packed, row, leaves);
        }
        // SAFETY: `self` shows that there is AVX2.
        unsafe { with_avx2(self, packed, row, leaves) }
    }
}

/// Vectors of walks that go side by side, so that while one waits for memory others compute.
const SIDE_BY_SIDE: usize = 4;

impl Walk for Avx2 {
    const TREES: usize = 8 * SIDE_BY_SIDE;

    #[inline(always)]
    fn look_up(self, table: &[u32], numbers: &[u32; LANES]) -> [u32; LANES] {
        // SAFETY: `self` shows that there is AVX2.
        unsafe { look_up(table, numbers) }
    }

    #[inline(always)]
    fn rows(self, packed: &Packed, tree: &Tree, x: &[[f32; LANES]], places: &mut [u32; LANES]) {
        if tree.has_sets {
            return Portable.rows(packed, tree, x, places);
        }
        // SAFETY: `self` shows that there is AVX2; `places` are nodes of the tree, `x` a chunk of a block.
        unsafe { rows(packed, tree, x, places) }
    }

    #[inline(always)]
    fn trees(self, packed: &Packed, trees: &[Tree], row: &[f32], leaves: &mut [u32]) {
        if trees.iter().any(|tree| tree.has_sets) {
            for (trees, leaves) in trees.chunks(Portable::TREES).zip(leaves.chunks_mut(Portable::TREES)) {
                Portable.trees(packed, trees, row, leaves);
            }
            return;
        }
        // SAFETY: `self` shows that there is AVX2; `row` is a row's.
        unsafe { self::trees(packed, trees, row, leaves) }
    }
}

/// [`Walk::look_up`]; numbers beyond the table count as its last.
#[target_feature(enable = "avx2")]
#[inline]
fn look_up(table: &[u32], numbers: &[u32; LANES]) -> [u32; LANES] {
    assert!(!table.is_empty());
    let last = _mm256_set1_epi32((table.len() - 1) as i32);
    let mut values = [0; LANES];
    for (values, numbers) in values.chunks_exact_mut(8).zip(numbers.chunks_exact(8)) {
        // SAFETY: each is eight long, and no number is above the last.
        unsafe {
            let numbers = _mm256_min_epu32(_mm256_loadu_si256(numbers.as_ptr().cast()), last);
            let found = _mm256_i32gather_epi32::<4>(table.as_ptr().cast(), numbers);
            _mm256_storeu_si256(values.as_mut_ptr().cast(), found);
        }
    }
    values
}

/// [`Walk::rows`].
///
/// # Safety
/// `places` are nodes of `tree`, which is one of `packed`; `x` has negative infinity at the slot behind the last.
#[target_feature(enable = "avx2")]
unsafe fn rows(packed: &Packed, tree: &Tree, x: &[[f32; LANES]], places: &mut [u32; LANES]) {
    assert!(x.len() == packed.columns.len() + 1);
    let steps = Steps::new(&packed.nodes[tree.base as usize..], packed.links, x.as_flattened());
    let places = places.as_mut_ptr().cast::<__m256i>();
    let mut at = [_mm256_setzero_si256(); SIDE_BY_SIDE];
    let mut lanes = [_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); SIDE_BY_SIDE];
    for index in 0..SIDE_BY_SIDE {
        // SAFETY: four vectors of eight places are LANES.
        at[index] = unsafe { _mm256_loadu_si256(places.add(index)) };
        lanes[index] = _mm256_add_epi32(lanes[index], _mm256_set1_epi32(8 * index as i32));
    }
    for _ in 0..tree.rest {
        for index in 0..SIDE_BY_SIDE {
            // SAFETY: as the caller's; slot `s` of lane `l` is at `32 s + l`.
            at[index] = unsafe { steps.step::<5>(at[index], lanes[index]) };
        }
    }
    for (index, at) in at.into_iter().enumerate() {
        // SAFETY: the places are nodes of the tree still, and LANES as before.
        unsafe { _mm256_storeu_si256(places.add(index), steps.values(at)) };
    }
}

/// [`Walk::trees`].
///
/// # Safety
/// `trees` are of `packed`; `row` has negative infinity at the slot behind the last.
#[target_feature(enable = "avx2")]
unsafe fn trees(packed: &Packed, trees: &[Tree], row: &[f32], leaves: &mut [u32]) {
    assert!(row.len() == packed.columns.len() + 1);
    assert!(trees.len() == Avx2::TREES && leaves.len() == Avx2::TREES);
    let steps = Steps::new(&packed.nodes, packed.links, row);
    let zero = _mm256_setzero_si256();
    let mut bases = [zero; SIDE_BY_SIDE];
    for (base, trees) in bases.iter_mut().zip(trees.chunks_exact(8)) {
        let of = |tree: usize| trees[tree].base.cast_signed();
        *base = _mm256_setr_epi32(of(0), of(1), of(2), of(3), of(4), of(5), of(6), of(7));
    }
    let mut at = [zero; SIDE_BY_SIDE];
    for _ in 0..trees[Avx2::TREES - 1].depth {
        for index in 0..SIDE_BY_SIDE {
            let place = _mm256_add_epi32(bases[index], at[index]);
            // SAFETY: as the caller's.
            at[index] = unsafe { steps.step::<0>(place, zero) };
        }
    }
    for (index, leaves) in leaves.chunks_exact_mut(8).enumerate() {
        let place = _mm256_add_epi32(bases[index], at[index]);
        // SAFETY: the places are nodes of the trees still; `leaves` are eight.
        unsafe { _mm256_storeu_si256(leaves.as_mut_ptr().cast(), steps.values(place)) };
    }
}

/// What steps need at hand.
#[derive(Clone, Copy)]
struct Steps {
    nodes: *const Node,
    x: *const f32,
    slot_mask: __m256i,
    left_shift: __m128i,
}

impl Steps {
    #[target_feature(enable = "avx2")]
    #[inline]
    fn new(nodes: &[Node], links: Links, x: &[f32]) -> Self {
        Self {
            nodes: nodes.as_ptr(),
            x: x.as_ptr(),
            slot_mask: _mm256_set1_epi32(links.slot_mask().cast_signed()),
            left_shift: _mm_cvtsi32_si128(links.left_shift().cast_signed()),
        }
    }

    /// A step from each of eight nodes: the children's places in their trees. The value of slot `s` is at
    /// `x + (s << SHIFT) + offset`.
    ///
    /// # Safety
    /// `nodes + at` are nodes, and those addresses hold values for all slots of a node.
    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn step<const SHIFT: i32>(self, at: __m256i, offsets: __m256i) -> __m256i {
        // Two gathers of whole nodes take less time than two of halves for all eight; the shuffles leave them in the order
        // of 0, 1, 4, 5, 2, 3, 6, 7, which the permutation before undoes.
        let at = _mm256_permute4x64_epi64::<0b11_01_10_00>(at);
        let (low, high) = (_mm256_castsi256_si128(at), _mm256_extracti128_si256::<1>(at));
        let nodes = self.nodes.cast();
        // SAFETY: as the caller's.
        let (low, high) =
            unsafe { (_mm256_i32gather_epi64::<8>(nodes, low), _mm256_i32gather_epi64::<8>(nodes, high)) };
        let (low, high) = (_mm256_castsi256_ps(low), _mm256_castsi256_ps(high));
        let thresholds = _mm256_shuffle_ps::<0b10_00_10_00>(low, high);
        let links = _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(low, high));
        let slots = _mm256_and_si256(links, self.slot_mask);
        let places = _mm256_add_epi32(_mm256_slli_epi32::<SHIFT>(slots), offsets);
        // SAFETY: as the caller's.
        let values = unsafe { _mm256_i32gather_ps::<4>(self.x, places) };
        // All bits, which is -1, where a row goes right.
        let right = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_NLE_UQ>(values, thresholds));
        _mm256_sub_epi32(_mm256_srl_epi32(links, self.left_shift), right)
    }

    /// The values of eight nodes, in their bits.
    ///
    /// # Safety
    /// `nodes + at` are nodes.
    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn values(self, at: __m256i) -> __m256i {
        // SAFETY: as the caller's.
        unsafe { _mm256_i32gather_epi32::<8>(self.nodes.cast(), at) }
    }
}

// What the addresses are made of.
const _: () = assert!(size_of::<Node>() == 8 && LANES == 8 * SIDE_BY_SIDE && LANES == 1 << 5);
