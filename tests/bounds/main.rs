//! What hostile or careless inputs may cost: memory, time, lines of the log, and bytes in the quarantine.
//!
//! Each test runs the function as a process with 512 MB of address space, and with little time.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics fails")]

mod harness;
mod log;
mod models;
mod scoring;
mod start;
#[path = "../support/mod.rs"]
mod support;
