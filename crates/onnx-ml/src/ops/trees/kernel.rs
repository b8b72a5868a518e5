//! Computes the sums of trees for a batch: tree by tree for chunks of rows, and one by one for the rows that
//! are left.

use super::super::unchecked::{self, Avx512, TREES, Vectors, Work};
use super::block::{Block, Row};
use super::packed::{Packed, Tree};
use super::quick_scorer::{Cursor, LANES, ThresholdQuestion};
use super::slot_column::Value;

/// The fewest rows that are cheaper as a chunk, although part of the chunk is wasted.
const LEAST_OF_CHUNK: usize = 12;

/// The most slots of rows that are worth a chunk. With more, the values of a chunk do not fit into any cache.
const MAX_SLOTS: usize = 4 << 10;

/// The sum for each target and each row. Rows have `width` features, at least as many as the forest reads.
pub fn sum(packed: &Packed, rows: &[impl Value], width: usize, vectors: Vectors) -> Vec<f64> {
    let slots = packed.columns().len();
    let count = rows.len() / width;
    let mut sums = vec![0.0; count * packed.targets()];
    let in_chunks = match count % LANES {
        _ if slots > MAX_SLOTS => 0,
        rest if rest < LEAST_OF_CHUNK => count - rest,
        _ => count,
    };
    let (chunked, single) = rows.split_at(in_chunks * width);
    let (chunked_sums, single_sums) = sums.split_at_mut(in_chunks * packed.targets());
    if in_chunks > 0 {
        let mut block = Block::new(slots, in_chunks);
        let block_rows = block.chunks() * LANES;
        let mut block_sums = vec![[0.0; LANES]; block.chunks() * packed.targets()];
        let parts =
            chunked.chunks(block_rows * width).zip(chunked_sums.chunks_mut(block_rows * packed.targets()));
        for (rows, sums) in parts {
            block.fill(rows, width, packed.columns());
            block_sums.fill([0.0; LANES]);
            let work = SumBlock { packed, block: &block, sums: &mut block_sums, avx512: vectors.avx512 };
            match vectors.avx2 {
                Some(avx2) => avx2.run(work),
                None => work.run(),
            }
            let of_chunks = block_sums.chunks_exact(packed.targets());
            for (sums, of_chunk) in sums.chunks_mut(LANES * packed.targets()).zip(of_chunks) {
                for (lane, sums) in sums.chunks_exact_mut(packed.targets()).enumerate() {
                    for (sum, of_target) in sums.iter_mut().zip(of_chunk) {
                        *sum = of_target[lane];
                    }
                }
            }
        }
    }
    if !single.is_empty() {
        let mut row = Row::new(packed);
        for (values, sums) in single.chunks_exact(width).zip(single_sums.chunks_exact_mut(packed.targets())) {
            row.fill(values, packed.columns());
            row.sum(packed, sums);
        }
    }
    sums
}

impl Row {
    /// Adds the weights of the row to the sum of each target.
    pub fn sum(&self, packed: &Packed, sums: &mut [f64]) {
        let trees = packed.trees();
        // Several sums run side by side: within one sum, each addition waits for the last.
        let mut of_lanes = [0.0; TREES];
        for start in (0..trees.len()).step_by(TREES) {
            // The last group starts earlier so that it is full. The trees that were counted are skipped.
            let first = start.min(trees.len().saturating_sub(TREES));
            let group = &trees[first..trees.len().min(first + TREES)];
            let leaves = unchecked::trees(packed, group, self);
            let new = start - first..group.len();
            if packed.only_target().is_some() {
                for lane in new {
                    of_lanes[lane] += f64::from(f32::from_bits(leaves[lane]));
                }
                continue;
            }
            for lane in new {
                let (target, leaf) = (group[lane].target, leaves[lane]);
                if target == Tree::ROWS {
                    for (sum, &weight) in sums.iter_mut().zip(packed.row(leaf)) {
                        *sum += f64::from(weight);
                    }
                } else {
                    sums[target as usize] += f64::from(f32::from_bits(leaf));
                }
            }
        }
        if let Some(target) = packed.only_target() {
            sums[target as usize] += of_lanes.iter().sum::<f64>();
        }
    }
}

/// Adds the weights of each row to the sums of the targets. The sums are ordered by chunk, then by target.
struct SumBlock<'a> {
    packed: &'a Packed,
    block: &'a Block,
    sums: &'a mut [[f64; LANES]],
    avx512: Option<Avx512>,
}

impl Work for SumBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { packed, block, sums, avx512 } = self;
        let mut cursor = Cursor::default();
        for tree in packed.trees() {
            for (chunk, sums) in block.iter().zip(sums.chunks_exact_mut(packed.targets())) {
                let mut leaves = match avx512 {
                    Some(avx512) => avx512.exits(packed.masks(), cursor, tree.words_end, chunk.vectors()),
                    None => {
                        packed.masks().exits(cursor, tree.words_end, chunk.vectors(), ThresholdQuestion::ask)
                    }
                };
                if tree.rest > 0 {
                    unchecked::rows(packed, tree, chunk, &mut leaves);
                }
                if tree.target == Tree::ROWS {
                    for lane in 0..LANES {
                        for (sums, &weight) in sums.iter_mut().zip(packed.row(leaves[lane])) {
                            sums[lane] += f64::from(weight);
                        }
                    }
                } else {
                    let sums = &mut sums[tree.target as usize];
                    for lane in 0..LANES {
                        sums[lane] += f64::from(f32::from_bits(leaves[lane]));
                    }
                }
            }
            cursor = packed.masks().after(tree.words_end);
        }
    }
}
