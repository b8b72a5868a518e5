//! Zstandard (RFC 8878): one or several frames, some of which may be skippable.

use std::io::Read;

use zstd::stream::raw::DParameter;
use zstd::stream::read::Decoder;
use zstd::zstd_safe::DCtx;

/// The first bytes of a frame.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The first bytes of a skippable frame, after a byte from 50 to 5F.
const SKIPPABLE_MAGIC: [u8; 3] = [0x2a, 0x4d, 0x18];

/// The largest accepted window of a frame: 8 MiB, as RFC 8878 (section 3.1.1.1.2) recommends. A larger window
/// takes more memory.
const MAX_WINDOW_LOG: u32 = 23;

/// Whether the bytes start as Zstandard does.
pub fn is_zstd(bytes: &[u8]) -> bool {
    let skippable =
        |(first, rest): (&u8, &[u8])| matches!(first, 0x50..=0x5f) && rest.starts_with(&SKIPPABLE_MAGIC);
    bytes.starts_with(&MAGIC) || bytes.split_first().is_some_and(skippable)
}

/// Creates a context for [`reader`]. One reader after the other can use it.
pub fn context() -> DCtx<'static> {
    let mut context = DCtx::create();
    let set = context.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG));
    debug_assert!(set.is_ok());
    context
}

/// Reads the content of the frames. It fails if they are not valid up to the last byte.
pub fn reader<'a>(compressed: &'a [u8], context: &'a mut DCtx<'static>) -> impl Read {
    Decoder::with_context(compressed, context)
}
