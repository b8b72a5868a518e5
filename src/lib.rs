//! An MLflow model behind a Kinesis stream: the modules, in the order in which a record meets them.
//!
//! Cold start reads [`config`], fetches the model directory and builds a [`handler::Handler`]. From then on a
//! record goes down this list, stage by stage; only [`handler`] knows them all, and plain values
//! ([`columns`]) pass between them. [`check`] tells people, before that, whether a model would be served; [`replay`]
//! sends records through it again that were quarantined, or that Lambda gave up.

pub mod config;

pub mod columns;
pub mod decode;
pub mod event;
pub mod features;
pub mod model;
pub mod prediction;
pub mod quarantine;
pub mod sink;

pub mod handler;

pub mod check;
pub mod replay;

mod backoff;
pub mod error;
pub mod field_path;
pub mod metrics;
pub mod murmur_hash;
mod s3;
pub mod spec;
pub mod time_limit;
