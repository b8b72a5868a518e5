//! The engine turns bytes into results. It knows neither AWS nor the clock. A result depends on its document
//! alone.
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

/// The time that loading may take.
pub use limits::Clock;
pub use predictor::{DEFAULT_NAME, Document, Plan, Predictor, Provenance, Scored};
pub use rejected::Rejected;

/// Doors share these between threads.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Predictor>();
    is_send_and_sync::<Plan>();
    is_send_and_sync::<model::Model>();
    is_send_and_sync::<model::directory::ModelDirectory>();
    is_send_and_sync::<Document<'_>>();
    is_send_and_sync::<Scored>();
    is_send_and_sync::<Rejected>();
};
