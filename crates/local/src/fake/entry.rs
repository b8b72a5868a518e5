//! A record that a client puts on a stream.

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
