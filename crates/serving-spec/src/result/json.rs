//! Pieces of JSON.

use serde::Serialize;

/// Appends a scalar or a string. A float becomes the shortest text that reads back as the same value.
#[inline]
pub(super) fn push(json: &mut Vec<u8>, value: &impl Serialize) {
    // Neither a scalar nor a write to memory can fail.
    let _ = serde_json::to_writer(json, value);
}

/// Returns a string as JSON.
pub(super) fn string(text: &str) -> Vec<u8> {
    let mut json = Vec::new();
    push(&mut json, &text);
    json
}

/// Returns the name of a member as JSON, with its colon.
pub(super) fn key(name: &str) -> Vec<u8> {
    let mut key = string(name);
    key.push(b':');
    key
}
