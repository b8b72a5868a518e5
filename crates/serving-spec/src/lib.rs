//! From a JSON document to the rows of a model, and from the model's outputs to a result.

pub mod spec;

pub mod columns;
pub mod features;
pub mod result;

pub mod field_path;
mod json_type;
pub mod murmur_hash;
mod rejected;

pub use features::FeaturePlan;
pub use json_type::JsonType;
pub use rejected::Rejected;
pub use result::ResultPlan;
pub use spec::ServingSpec;
