//! What is done with the bytes that are fuzzed, a file a target. `tests/fuzz.rs` and the predictor's
//! `tests/mutated_model.rs` do the same with fewer of them, on a stable compiler.

pub mod event;
pub mod features;
pub mod mlmodel;
pub mod model;
pub mod payload;
pub mod replay;
pub mod spec;

/// Where the project is.
#[must_use]
pub fn root() -> &'static std::path::Path {
    std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
