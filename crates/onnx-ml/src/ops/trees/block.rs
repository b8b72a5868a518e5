//! The values of rows at the slots of packed trees. The slot after the last holds negative infinity, for
//! leaves.

use super::packed::Packed;
use super::quick_scorer::LANES;
use super::slot_column::{SlotColumn, Value};

/// The most chunks that go through a tree while it is in the cache. Their values must fit there beside it.
const CHUNKS: usize = 16;

/// The most values of a block of chunks: 128 KiB.
const BLOCK_VALUES: usize = 32 << 10;

/// The values of some rows at the slots. Each chunk has `slots + 1` vectors, and the last holds negative
/// infinity.
#[derive(Debug)]
pub struct Block {
    values: Vec<[f32; LANES]>,
    slots: usize,
}

/// The values of [`LANES`] rows: a vector for each slot, and one of negative infinities. Only [`Block`] makes
/// chunks.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a>(&'a [[f32; LANES]]);

impl<'a> Chunk<'a> {
    /// The vectors. The last one holds negative infinities.
    #[inline(always)]
    pub fn vectors(self) -> &'a [[f32; LANES]] {
        self.0
    }
}

impl Block {
    /// Makes room for chunks of up to `rows` rows with this many slots.
    pub fn new(slots: usize, rows: usize) -> Self {
        let chunks = (BLOCK_VALUES / (LANES * (slots + 1))).clamp(1, CHUNKS).min(rows.div_ceil(LANES));
        Self { values: vec![[f32::NEG_INFINITY; LANES]; (slots + 1) * chunks], slots }
    }

    /// The number of chunks that there is room for.
    pub fn chunks(&self) -> usize {
        self.values.len() / (self.slots + 1)
    }

    /// The chunks.
    #[inline(always)]
    pub fn iter(&self) -> impl Iterator<Item = Chunk<'_>> {
        self.values.chunks_exact(self.slots + 1).map(Chunk)
    }

    /// Copies rows of `width` features into the chunks, as many rows as fit.
    pub fn fill(&mut self, rows: &[impl Value], width: usize, columns: &[SlotColumn]) {
        let chunks = self.values.chunks_exact_mut(self.slots + 1);
        for (chunk, rows) in chunks.zip(rows.chunks(width * LANES)) {
            for (lane, row) in rows.chunks_exact(width).enumerate() {
                for (values, column) in chunk[..self.slots].iter_mut().zip(columns) {
                    values[lane] = row[column.feature as usize].at(*column);
                }
            }
        }
    }
}

/// The values of one row at the slots. The value after the last slot is negative infinity.
#[derive(Debug)]
pub struct Row {
    values: Vec<f32>,
    slots: usize,
}

impl Row {
    /// Makes a row of zeros.
    pub fn new(packed: &Packed) -> Self {
        let slots = packed.columns().len();
        let mut values = vec![0.0; slots + 1];
        values[slots] = f32::NEG_INFINITY;
        Self { values, slots }
    }

    /// Sets the values of some features.
    pub fn set(&mut self, packed: &Packed, entries: impl Iterator<Item = (usize, f32)>) {
        let values = &mut self.values[..self.slots];
        for (feature, value) in entries {
            let start = packed.columns().partition_point(|column| (column.feature as usize) < feature);
            for (slot, column) in packed.columns().iter().enumerate().skip(start) {
                if column.feature as usize != feature {
                    break;
                }
                values[slot] = value.at(*column);
            }
        }
    }

    /// Sets the values of all features.
    pub fn fill(&mut self, row: &[impl Value], columns: &[SlotColumn]) {
        for (value, column) in self.values[..self.slots].iter_mut().zip(columns) {
            *value = row[column.feature as usize].at(*column);
        }
    }

    /// The values, then negative infinity.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}
