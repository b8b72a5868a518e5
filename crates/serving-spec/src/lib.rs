//! The serving spec: from a JSON document to a row of a model's inputs, and from the model's outputs to a result.
//!
//! The modules, in the order in which a document meets them:
//!
//! - [`spec`]: what people write, and what the plans are compiled from.
//! - [`features`]: from documents to [`columns`].
//! - [`result`]: from the model's outputs to one line of JSON.

pub mod columns;
pub mod features;
pub mod field_path;
mod murmur_hash;
mod rejected;
pub mod result;
pub mod spec;

pub use features::FeaturePlan;
pub use rejected::{JsonType, Rejected};
pub use result::ResultPlan;
pub use spec::ServingSpec;
