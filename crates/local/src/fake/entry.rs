//! A record that a client puts on a stream.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Bytes;

/// One entry of a request.
#[derive(Clone, Debug)]
pub(super) struct PutEntry {
    pub(super) key: String,
    pub(super) data: Bytes,
}

/// The arrival of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// The record's number among all records of the cloud.
    pub(super) number: u64,
    /// The number of the request.
    pub(super) request: u64,
    /// Milliseconds since the epoch.
    pub(super) at: u64,
}

impl Arrival {
    /// Returns an arrival at the current time.
    pub(super) fn now(number: u64, request: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { number, request, at: u64::try_from(now.as_millis()).unwrap_or(u64::MAX) }
    }
}
