//! Tests the promises of this crate, one file for each part. `MINISTACK` names the executable if it is not in
//! `.venv`.

// Clippy counts only functions marked `#[test]` as tests, not the functions that they call. Scripts return
// what invokers return.
#![allow(clippy::unwrap_used, clippy::unnecessary_wraps)]

mod fake;
mod function;
mod kills;
mod mapping;
mod poll;
mod shards;
mod support;
