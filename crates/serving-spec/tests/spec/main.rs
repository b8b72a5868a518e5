//! Features compared with expected values and with the Python module, and the published schema.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics fails")]

mod features;
mod hostile_tables;
mod malformed;
mod parity;
mod schema;
mod tables;
