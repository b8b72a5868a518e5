//! Ensembles of decision trees: read from a node's attributes into a forest, packed, and run by a kernel.

pub mod attributes;
#[cfg(target_arch = "x86_64")]
mod avx2;
mod column;
pub mod ensemble;
mod forest;
mod kernel;
mod masks;
mod packed;
mod splits;
mod walk;

#[cfg(test)]
mod tests;
