//! Ensembles of decision trees: read from a node's attributes into a forest, packed, and run by a kernel.

pub mod attributes;
mod column;
pub mod ensemble;
mod forest;
mod kernel;
mod masks;
mod packed;
mod splits;
mod unchecked;

#[cfg(test)]
mod tests;
