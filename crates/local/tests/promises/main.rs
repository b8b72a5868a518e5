//! What this crate promises, one file a part. `MINISTACK` names the executable if it is not in `.venv`.

// Clippy takes only functions marked `#[test]` for tests, not what they call; and scripts answer as invokers do.
#![allow(clippy::unwrap_used, clippy::unnecessary_wraps)]

mod fake;
mod function;
mod kills;
mod mapping;
mod poll;
mod shards;
mod support;
