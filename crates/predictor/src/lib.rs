//! The engine: from bytes to results. It knows neither AWS nor the clock, and a result depends on its document alone.
//!
//! The modules, in the order in which a record meets them:
//!
//! - [`decode`]: from a payload to JSON documents.
//! - [`model`]: the model directory that MLflow wrote, and the model in it.
//! - [`Predictor`]: from documents to results.
//! - [`check`]: whether a model can be served, and every reason why not.

pub mod check;
pub mod decode;
pub mod model;
mod predictor;
mod rejected;

pub use predictor::{DEFAULT_NAME, Document, Plan, Predictor, Provenance, Scored};
pub use rejected::Rejected;
