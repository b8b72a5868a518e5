//! The fuzz targets, one per file. `tests/fuzz.rs` and the predictor's `tests/mutated_model.rs` run them on
//! fewer cases, with a stable compiler.

pub mod event;
pub mod features;
pub mod mlmodel;
pub mod model;
pub mod payload;
pub mod replay;
pub mod spec;

/// The root folder of the repository.
#[must_use]
pub fn root() -> &'static std::path::Path {
    std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
