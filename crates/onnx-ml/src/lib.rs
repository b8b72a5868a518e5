//! Runs ONNX models of classical machine learning with [tract](https://github.com/sonos/tract).
//!
//! tract runs neural networks, and few operators of `ai.onnx.ml`. This crate adds the rest: trees, linear
//! models, support vector machines, encoders, scalers and text operators. It also corrects standard
//! operators, and rewrites graphs that take or give maps. So models from scikit-learn, LightGBM and XGBoost
//! run as exported.
//!
//! A model goes through these steps:
//! 1. [`Graph::read`] reads a file, checks it, and rewrites what tract does not know. It says what the inputs
//!    take.
//! 2. [`Session::new`] plans the graph for the shapes of the inputs. The number of rows can stay open.
//! 3. [`Session::run`] computes the outputs for a batch of rows.
//!
//! | module | what it does |
//! |---|---|
//! | `graph/` | reads the file, inlines functions, removes maps and sequences, checks the rules of ONNX |
//! | [`summary`] | describes a graph, whether it can run or not |
//! | `ops/` | the operators, one per file; `ops/unchecked/` holds all `unsafe` code |
//! | `plan`, `typing` | infer types, optimise, plan |
//! | `bounds`, `deadline`, `twins` | bound the memory and the time that a graph can take |
//! | `session` | runs a plan, batch after batch |
//! | `work`, `guard` | bound the time and the memory of a run, where values decide them |
//! | `kept_attributes` | reads the lists of large forests without decoding them first |
//! | [`Error`] | why a model cannot be read, planned or run |
//!
//! # Example
//! ```
//! # use prost::Message;
//! # use onnx_ml::tract_onnx::pb::{tensor_proto::DataType, type_proto, *};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("model.onnx");
//! # let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, ..Default::default() };
//! # let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
//! # let value = |name: &str| ValueInfoProto {
//! #     name: name.into(), r#type: Some(r#type.clone()), ..Default::default()
//! # };
//! # let floats = |name: &str, floats: Vec<f32>| AttributeProto {
//! #     name: name.into(), r#type: 6 /* FLOATS */, floats, ..Default::default()
//! # };
//! # let linear = NodeProto {
//! #     op_type: "LinearRegressor".into(),
//! #     domain: "ai.onnx.ml".into(),
//! #     input: vec!["x".into()],
//! #     output: vec!["y".into()],
//! #     attribute: vec![floats("coefficients", vec![2.0, -1.0]), floats("intercepts", vec![0.5])],
//! #     ..Default::default()
//! # };
//! # let graph = GraphProto {
//! #     node: vec![linear], input: vec![value("x")], output: vec![value("y")], ..Default::default()
//! # };
//! # let proto = ModelProto { graph: Some(graph), ..Default::default() };
//! # std::fs::write(&path, proto.encode_to_vec())?;
//! use onnx_ml::tract_onnx::prelude::*;
//! use onnx_ml::{Clock, Dimension, Graph, Session};
//!
//! // A linear model of two features: y = 2a - b + 0.5.
//! let graph = Graph::read(&path)?;
//! let shapes = [vec![Dimension::Rows, Dimension::Of(2)]];
//! let session = Session::new(&graph, &shapes, &Clock::unlimited())?;
//!
//! let rows = tensor2(&[[1.0_f32, 0.0], [3.0, 4.0], [0.0, 0.0]]);
//! let outputs = session.run(tvec!(rows.into()))?;
//! assert_eq!(*outputs[0], tensor2(&[[2.5_f32], [2.5], [0.5]]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # tract without the rewriting
//! [`onnx`] returns tract's own reader with the operators of this crate registered.

mod bounds;
mod deadline;
mod error;
mod graph;
mod guard;
mod kept_attributes;
mod ops;
mod plan;
mod session;
mod twins;
mod typing;
mod work;

pub use error::{Cause, Error};
pub use graph::summary;
pub use graph::{Columns, Graph, Input, MapValue, Output, Takes};
/// The time that planning may take.
pub use limits::Clock;
pub use ops::{VOID_COLUMN, onnx, use_portable_code};
pub use session::{Dimension, Session};
/// The version of tract that the types of this crate belong to.
pub use tract_onnx;

/// Runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
