//! What the services were asked, and how they answered.

use axum::body::Bytes;

/// Counts the requests, and their faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// Requests that write, to either service.
    pub writes: u64,
    /// Writing requests with any fault except slowness.
    pub faulty: u64,
    /// Writing requests with refused entries, by a fault or a limit. If the answer was lost too, they are
    /// also `faulty`.
    pub partial: u64,
    /// Refused entries.
    pub refused_entries: u64,
}

/// An entry that a stream looked at, accepted or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The number of the request.
    pub request: u64,
    /// The partition key.
    pub key: String,
    /// The data.
    pub data: Bytes,
    /// Whether the stream accepted it.
    pub accepted: bool,
}
