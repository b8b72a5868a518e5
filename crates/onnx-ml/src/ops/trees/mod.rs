//! Ensembles of decision trees. They are read from the attributes of a node into a forest, packed, and run by
//! a kernel.
#![expect(
    clippy::inline_always,
    reason = "the functions that a kernel calls must be compiled for the same instructions as the kernel"
)]

pub mod attributes;
mod block;
pub mod ensemble;
mod forest;
mod kernel;
mod node;
mod packed;
mod quick_scorer;
mod slot_column;
mod splits;

pub use block::{Chunk, Row};
pub use node::PackedNode;
pub use packed::{Packed, Tree};
pub use quick_scorer::{Cursor, LANES, Masks};

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "sums of the weights are exact")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "the numbers made here are small"
)]
mod tests;
