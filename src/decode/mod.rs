//! From the event's base64 to the bytes of JSON documents, one codec a file.

mod base64;

use std::ops::Range;

use crate::error::Rejected;

pub use base64::decode as base64;

/// One JSON document of a record's payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub sub_sequence: u32,
    pub key: Option<Range<usize>>,
    pub json: Result<Range<usize>, Rejected>,
}

impl Document {
    pub fn rejected(reason: Rejected) -> Self {
        Self { sub_sequence: 0, key: None, json: Err(reason) }
    }
}

pub fn unpack(data: &str, buffer: &mut Vec<u8>, documents: &mut Vec<Document>) {
    documents.push(Document { sub_sequence: 0, key: None, json: base64(data, buffer) });
}
