//! Gzip (RFC 1952): one member, or several after one another.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;

/// What a member starts with.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Whether it starts as gzip does.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// What the members hold. Reading fails unless they are sound up to the last byte.
pub fn reader(compressed: &[u8]) -> impl Read {
    MultiGzDecoder::new(compressed)
}
