//! Gzip (RFC 1952): one or several members.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;

/// The first bytes of a member.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Whether the bytes start as gzip does.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Reads the content of the members. It fails if they are not valid up to the last byte.
pub fn reader(compressed: &[u8]) -> impl Read {
    MultiGzDecoder::new(compressed)
}
