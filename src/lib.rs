//! An MLflow model behind a Kinesis stream: the modules, in the order in which a record meets them.
//!
//! Cold start reads [`config`], fetches the model directory and builds a [`handler::Handler`]. From then on a
//! record goes down this list, stage by stage; only [`handler`] knows them all, and plain values
//! ([`serving_spec::columns`]) pass between them. [`check`] tells people, before that, whether a model would be served; [`replay`]
//! sends records through it again that were quarantined, or that Lambda gave up.

pub mod config;

pub mod decode;
pub mod event;
pub mod model;
pub mod quarantine;
pub mod sink;

pub mod handler;

pub mod check;
pub mod replay;

mod backoff;
pub mod error;
pub mod metrics;
mod s3;
pub mod time_limit;
