//! Steps down the trees: many rows through one tree, or one row through many trees.

use super::kernel::{self, Block, Kernel, Row};
use super::masks::LANES;
use super::packed::{Node, Packed, Tree};

/// How steps are taken with some instruction set.
pub trait Walk: Copy {
    /// Trees that a row walks down side by side.
    const TREES: usize;

    /// The value of the table at each number.
    fn look_up(self, table: &[u32], numbers: &[u32; LANES]) -> [u32; LANES];

    /// Takes every row of a chunk from a node below the top of a tree to its leaf: `places` become what the leaves hold.
    fn rows(self, packed: &Packed, tree: &Tree, x: &[[f32; LANES]], places: &mut [u32; LANES]);

    /// Takes a row down [`Walk::TREES`] trees, the deepest last: what the leaves hold.
    fn trees(self, packed: &Packed, trees: &[Tree], row: &[f32], leaves: &mut [u32]);
}

/// Steps that every machine can take.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

impl Kernel for Portable {
    fn sum_block(self, packed: &Packed, block: &Block, sums: &mut [f64]) {
        kernel::sum_block(self, packed, block, sums);
    }

    fn leaves(self, packed: &Packed, row: &Row, leaves: &mut [u32]) {
        kernel::leaves(self, packed, row, leaves);
    }
}

/// Walks that go side by side, so that while one waits for memory others compute.
const SIDE_BY_SIDE: usize = 8;

impl Walk for Portable {
    const TREES: usize = SIDE_BY_SIDE;

    #[inline(always)]
    fn look_up(self, table: &[u32], numbers: &[u32; LANES]) -> [u32; LANES] {
        numbers.map(|number| table[number as usize])
    }

    #[inline(always)]
    fn rows(self, packed: &Packed, tree: &Tree, x: &[[f32; LANES]], places: &mut [u32; LANES]) {
        let nodes = &packed.nodes[tree.base as usize..];
        let mut first = 0;
        for places in places.as_chunks_mut::<SIDE_BY_SIDE>().0 {
            let mut at = *places;
            for _ in 0..tree.rest {
                for (lane, at) in at.iter_mut().enumerate() {
                    let node = nodes[*at as usize];
                    *at = next(packed, node, x[packed.links.slot(node)][first + lane]);
                }
            }
            *places = at.map(|at| nodes[at as usize].value.to_bits());
            first += SIDE_BY_SIDE;
        }
    }

    #[inline(always)]
    fn trees(self, packed: &Packed, trees: &[Tree], row: &[f32], leaves: &mut [u32]) {
        let mut at = [0; SIDE_BY_SIDE];
        let depth = trees.last().map_or(0, |tree| tree.depth);
        for _ in 0..depth {
            for (at, tree) in at.iter_mut().zip(trees) {
                let node = packed.nodes[(tree.base + *at) as usize];
                *at = next(packed, node, row[packed.links.slot(node)]);
            }
        }
        for ((leaf, at), tree) in leaves.iter_mut().zip(at).zip(trees) {
            *leaf = packed.nodes[(tree.base + at) as usize].value.to_bits();
        }
    }
}

/// What the leaf holds that a row comes to.
#[inline(always)]
pub fn to_leaf(packed: &Packed, tree: &Tree, row: &[f32]) -> u32 {
    let mut at = 0;
    for _ in 0..tree.depth {
        let node = packed.nodes[(tree.base + at) as usize];
        at = next(packed, node, row[packed.links.slot(node)]);
    }
    packed.nodes[(tree.base + at) as usize].value.to_bits()
}

/// The child that a value leads to.
#[inline(always)]
fn next(packed: &Packed, node: Node, x: f32) -> u32 {
    let left =
        if packed.links.is_set(node) { packed.contains(node.value.to_bits(), x) } else { x <= node.value };
    packed.links.left(node) + u32::from(!left)
}
