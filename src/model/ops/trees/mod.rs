//! Ensembles of decision trees: read from a node's attributes into a forest, packed, and run by a kernel.

pub mod attributes;
mod column;
pub mod ensemble;
mod forest;
mod kernel;
mod masks;
mod packed;
mod splits;

pub use kernel::Row;
pub use masks::LANES;
pub use packed::{Node, Packed, Tree};

#[cfg(test)]
mod tests;
