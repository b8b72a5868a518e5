//! gzip (RFC 1952), of one member or several.

use std::io::Read;

use flate2::read::MultiGzDecoder;

/// What it begins with.
pub const MAGIC: &[u8] = b"\x1F\x8B";

/// Gives what was compressed; an error where that is not whole, or something else comes behind it.
pub fn reader(bytes: &[u8]) -> impl Read + '_ {
    MultiGzDecoder::new(bytes)
}
