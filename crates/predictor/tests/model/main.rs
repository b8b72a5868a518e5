//! Models that are served compute what their trainers compute. Other models are refused with a line that says
//! why.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics fails")]

mod accuracy;
mod batches;
mod branches;
mod conformance;
mod functions;
mod hostile_graph;
mod hostile_model;
mod malformed;
mod maps;
mod operators;
#[path = "../support/mod.rs"]
mod support;
mod wide_graph;
