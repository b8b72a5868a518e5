//! All `unsafe` code of the crate: code compiled for vectors that not every processor has, and steps down
//! trees without bounds checks.
#![allow(unsafe_code)]
#![expect(clippy::inline_always, reason = "as in the trees' kernel")]

mod vectors;
mod walks;

pub use vectors::{Avx2, Avx512, Vectors, Work, use_portable_code};
pub use walks::{TREES, rows, trees};
