//! The fuzz targets, one per file. `tests/fuzz.rs` and the predictor's `tests/mutated_model.rs` run them on
//! fewer cases, with a stable compiler.

mod budget;
pub mod event;
pub mod features;
pub mod graph;
#[path = "../../tests/support/kpl.rs"]
mod kpl;
pub mod mlmodel;
pub mod model;
#[allow(dead_code, reason = "the generators use only a part")]
#[path = "../../crates/predictor/tests/support/onnx/build.rs"]
mod onnx;
pub mod payload;
pub mod record;
pub mod replay;
pub mod spec;
mod values;

/// The root folder of the repository.
#[must_use]
pub fn root() -> &'static std::path::Path {
    std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
