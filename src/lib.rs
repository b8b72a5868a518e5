//! The function: predictions for the records of a stream, from an ONNX model that MLflow logged on S3.
//!
//! A cold start reads [`config`], brings the model with [`mlflow`], and builds a [`batch::Handler`]. From then on a
//! record goes down this list:
//!
//! 1. [`doors`] read an event and turn it into [`record`]s, each with its [`origin`].
//! 2. [`batch`] works off the records of each lane: it unpacks payloads, lets the engine ([`predictor`]) score the
//!    documents, and settles them.
//! 3. [`quarantine`] stores what can never succeed, and [`sinks`] accept the results.
//! 4. The door turns the outcome into an answer.
//!
//! [`cli`] has the commands for people: `check` says whether a model would be served, `predict` predicts a file of
//! records, and `replay` scores quarantined records again. There are two kinds of [`failure`], and no third.

pub mod cli;
pub mod cold_start;
pub mod config;
pub mod environment;
pub mod log;
pub mod runtime;

pub mod doors;
pub mod origin;
pub mod record;

pub mod batch;
pub mod quarantine;
pub mod sinks;

pub mod replay;

pub mod aws;
pub mod failure;
pub mod mlflow;
pub mod version;
