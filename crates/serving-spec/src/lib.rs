//! The serving spec of a model: from a JSON document to the model's inputs, and from its outputs to a result.
//!
//! The modules, in the order in which a document meets them:
//!
//! 1. [`spec`] reads `serving.toml`, once.
//! 2. [`features`] finds the fields of a document, computes its features, and appends a row to a batch.
//! 3. [`columns`] are the plain values of a batch. A model, which this crate does not know, reads them and
//!    returns others.
//! 4. [`result`] turns a row of the outputs into a result, with the id and the origin of the document.
//!
//! A document that does not fit is [`Rejected`]. Everything that is checked before the first document is an
//! [`anyhow::Error`] for people.
//!
//! ```
//! use serving_spec::columns::{Element, Port, Values};
//! use serving_spec::features::no_files;
//! use serving_spec::result::Provenance;
//! use serving_spec::{FeaturePlan, Rejected, ResultPlan, ServingSpec};
//!
//! # fn main() -> anyhow::Result<()> {
//! let toml = r#"
//!     [features]
//!     distance = { field = "/ride/trip_distance", type = "double" }
//!     hour = { date = "/ride/started", part = "hour" }
//!
//!     [result]
//!     ride_duration = { output = "variable", round = 1 }
//!     ride_id = { field = "ride_id" }
//! "#;
//! let spec = ServingSpec::from_toml(toml).expect("a sound spec");
//! let port = |name: &str, element| Port { name: name.into(), element, width: 1, keys: Vec::new() };
//!
//! // Once: the plans, for a model with two inputs and one output.
//! let outputs = [port("variable", Element::Float)];
//! let result = ResultPlan::compile(&spec.result, &outputs, "ride_duration_prediction_model", "run-1")?;
//! let inputs = [port("distance", Element::Float), port("hour", Element::Int64)];
//! let features = FeaturePlan::compile(&spec.feature_parts(), &inputs, &result.echoed(), &no_files)?;
//!
//! // For each document: a row.
//! let document = br#"{"ride_id": 256, "ride": {"trip_distance": 3.66, "started": "2021-01-01T00:15:56"}}"#;
//! let (mut row, mut rows) = (features.row(), features.rows());
//! features.extract(document, &mut row, &mut rows)?;
//! assert_eq!(rows.inputs, [Values::Float(vec![3.66]), Values::Int64(vec![0])]);
//! let rejected = features.extract(b"[]", &mut features.row(), &mut rows);
//! assert_eq!(rejected, Err(Rejected::NotAnObject));
//!
//! // The model predicts, and each document gets its result.
//! let predicted = [Values::Float(vec![21.27])];
//! let echoed: Vec<_> =
//!     result.echoed().iter().map(|path| features.slot(path).and_then(|slot| row.field(slot))).collect();
//! let provenance = Provenance {
//!     record: "rides|shardId-000000000000|4963",
//!     source: r#""shard":"shardId-000000000000","sequence_number":"4963""#,
//!     place: 0,
//!     arrived_at: Some("1654161514.132"),
//! };
//! let written = result.write(&provenance, &predicted, 0, &echoed, row.event_time())?;
//! let written: serde_json::Value = serde_json::from_slice(&written)?;
//! assert_eq!(written["prediction"], serde_json::json!({"ride_duration": 21.3, "ride_id": 256}));
//! # Ok(())
//! # }
//! ```

pub mod spec;

pub mod features;

pub mod columns;

pub mod result;

pub mod field_path;
mod json_type;
mod murmur_hash;
mod rejected;

pub use features::FeaturePlan;
pub use json_type::JsonType;
pub use rejected::Rejected;
pub use result::ResultPlan;
pub use spec::ServingSpec;

/// Plans and specs can be shared between threads.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<ServingSpec>();
    is_send_and_sync::<FeaturePlan>();
    is_send_and_sync::<ResultPlan>();
};
