//! From the event's base64 to the bytes of JSON documents, one codec a file.

mod base64;

pub use base64::decode as base64;
