//! Delivery: the outcome of records when streams and buckets fail or the time is up.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics fails")]

mod bad_input;
mod lanes;
mod publishing;
mod quarantine;
mod recorded;
mod replay;
mod schedules;
mod sizes;
#[path = "../support/mod.rs"]
mod support;
