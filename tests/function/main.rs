//! The process, started as Lambda and as people start it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics fails")]

mod check;
mod kills;
mod misconfigured;
mod model_directory;
mod own_model;
#[cfg(target_os = "linux")]
mod packages;
mod pipeline;
mod predict;
mod sample_events;
mod startup;
#[path = "../support/mod.rs"]
mod support;
mod termination;
mod test_run;
