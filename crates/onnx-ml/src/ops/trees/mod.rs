//! Ensembles of decision trees: read from a node's attributes into a forest, packed, and run by a kernel.
#![expect(
    clippy::inline_always,
    reason = "what a kernel calls is to be compiled for the instructions that the kernel is compiled for"
)]

pub mod attributes;
mod block;
mod column;
pub mod ensemble;
mod forest;
mod kernel;
mod packed;
mod quick_scorer;
mod splits;

pub use block::{Chunk, Row};
pub use packed::{Node, Packed, Tree};
pub use quick_scorer::{Cursor, LANES, Masks};

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "sums of the weights are exact")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "numbers made here are small"
)]
mod tests;
