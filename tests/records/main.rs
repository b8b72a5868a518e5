//! Records: from the bytes of an event to features, whatever the bytes are.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics fails")]

mod bad_input;
mod features;
mod parity;
mod payloads;
mod schema;
#[path = "../support/mod.rs"]
mod support;
