//! Zstandard (RFC 8878): frames and skippable frames, one or several after one another.

use std::io::Read;

use zstd::stream::raw::DParameter;
use zstd::stream::read::Decoder;
use zstd::zstd_safe::DCtx;

/// What a frame starts with.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What a skippable frame starts with, after a byte from 50 to 5F.
const SKIPPABLE_MAGIC: [u8; 3] = [0x2a, 0x4d, 0x18];

/// The larger a frame's window, the more memory it takes to decompress: 8 MiB, as RFC 8878 (section 3.1.1.1.2) recommends
/// to accept.
const MAX_WINDOW_LOG: u32 = 23;

/// Whether it starts as Zstandard does.
pub fn is_zstd(bytes: &[u8]) -> bool {
    let skippable =
        |(first, rest): (&u8, &[u8])| matches!(first, 0x50..=0x5f) && rest.starts_with(&SKIPPABLE_MAGIC);
    bytes.starts_with(&MAGIC) || bytes.split_first().is_some_and(skippable)
}

/// What [`reader`] needs, one reader after the other.
pub fn context() -> DCtx<'static> {
    let mut context = DCtx::create();
    let set = context.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG));
    debug_assert!(set.is_ok());
    context
}

/// What the frames hold. Reading fails unless they are sound up to the last byte.
pub fn reader<'a>(compressed: &'a [u8], context: &'a mut DCtx<'static>) -> impl Read {
    Decoder::with_context(compressed, context)
}
