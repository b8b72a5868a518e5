//! Zstandard (RFC 8878), of one frame or several.

use std::io::Read;

use zstd::stream::read::Decoder;

use crate::error::Rejected;

/// What it begins with.
pub const MAGIC: &[u8] = b"\x28\xB5\x2F\xFD";

/// The largest window that decoders have to support, in powers of two: 8 MiB (RFC 8878, section 3.1.1.1.2).
const MAX_WINDOW: u32 = 23;

/// Gives what was compressed; an error where that is not whole, needs a larger window, or something else comes behind it.
pub fn reader(bytes: &[u8]) -> Result<impl Read + '_, Rejected> {
    let decoder = Decoder::with_buffer(bytes).and_then(|mut decoder| {
        decoder.window_log_max(MAX_WINDOW)?;
        Ok(decoder)
    });
    decoder.map_err(|_| Rejected::Compressed { format: "zstd" })
}
