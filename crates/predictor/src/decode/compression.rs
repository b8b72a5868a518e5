//! Decompresses payloads. The first bytes tell the codec, because no JSON text starts with them.

use std::io::{self, Read};
use std::ops::Range;

use ::zstd::zstd_safe::DCtx;

use super::{gzip, zstd};
use crate::Rejected;

/// The most bytes that any record may decompress to.
const MAX_BYTES: usize = 32 << 20;

/// The number of bytes that even the smallest record may decompress to.
const MIN_LIMIT: usize = 1 << 20;

/// The most bytes that a byte of a record may decompress to. Similar JSON documents shrink to a tenth or a
/// thirtieth. Data that shrinks to less than a hundredth was made for that purpose.
const MAX_RATIO: usize = 100;

#[derive(Clone, Copy)]
enum Codec {
    Gzip,
    Zstd,
}

impl Codec {
    /// The codec whose data starts like `bytes`.
    fn of(bytes: &[u8]) -> Option<Self> {
        if gzip::is_gzip(bytes) {
            Some(Self::Gzip)
        } else if zstd::is_zstd(bytes) {
            Some(Self::Zstd)
        } else {
            None
        }
    }

    /// The format's name, for [`Rejected::Compressed`].
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd with windows of at most 8 MiB",
        }
    }
}

/// Decompresses the payload of one record of the stream, or of all its user records.
pub struct Decompression {
    /// The number of bytes that the record may decompress to.
    limit: usize,
    /// The bytes left of the limit. Bytes of rejected payloads count as well, because they took time.
    left: usize,
    /// A copy of the compressed payload, because the buffer grows while it is read.
    compressed: Vec<u8>,
    context: Option<DCtx<'static>>,
}

impl Decompression {
    /// Starts with the limit for a record of `record_bytes`.
    pub fn new(record_bytes: usize) -> Self {
        let limit = record_bytes.saturating_mul(MAX_RATIO).clamp(MIN_LIMIT, MAX_BYTES);
        Self { limit, left: limit, compressed: Vec::new(), context: None }
    }

    /// Decompresses a payload, if it is compressed, onto the end of `buffer`. Returns the range of its
    /// content. Only one layer is removed: gzip in gzip stays gzip.
    ///
    /// # Errors
    /// [`Rejected::Compressed`] and [`Rejected::Expands`]. The buffer is then unchanged.
    #[inline]
    pub fn apply(&mut self, payload: Range<usize>, buffer: &mut Vec<u8>) -> Result<Range<usize>, Rejected> {
        match Codec::of(&buffer[payload.clone()]) {
            None => Ok(payload),
            Some(codec) => self.decompress(codec, payload, buffer),
        }
    }

    /// Decompresses a payload. It is not inlined: the decoders need kilobytes of stack, and touching those
    /// would take as long as all other work on a plain payload.
    #[inline(never)]
    fn decompress(
        &mut self,
        codec: Codec,
        payload: Range<usize>,
        buffer: &mut Vec<u8>,
    ) -> Result<Range<usize>, Rejected> {
        let expands = Rejected::Expands { limit: self.limit };
        if self.left == 0 {
            return Err(expands);
        }
        self.compressed.clear();
        self.compressed.extend_from_slice(&buffer[payload]);
        let start = buffer.len();
        let read = self.read(codec, buffer);
        let bytes = buffer.len() - start;
        let result = if bytes > self.left {
            Err(expands)
        } else {
            read.map_err(|_| Rejected::Compressed(codec.name()))
        };
        self.left = self.left.saturating_sub(bytes);
        if result.is_err() {
            buffer.truncate(start);
        }
        result.map(|()| start..buffer.len())
    }

    /// Reads at most one byte more than is left. That byte shows that the limit was exceeded.
    fn read(&mut self, codec: Codec, buffer: &mut Vec<u8>) -> io::Result<()> {
        let most = self.left as u64 + 1;
        match codec {
            Codec::Gzip => append(gzip::reader(&self.compressed).take(most), most, buffer),
            Codec::Zstd => {
                let context = self.context.get_or_insert_with(zstd::context);
                append(zstd::reader(&self.compressed, context).take(most), most, buffer)
            }
        }
    }
}

/// Bytes for which the buffer grows as it usually does. It grows once for all that come after them: growing takes
/// the memory of both buffers, and memory that is not written to takes none.
const GROWS: usize = 1 << 20;

/// Appends everything that `reader` gives, `most` bytes at most. The chunk always has the same size: zstd does not check the window
/// of a frame that fits into the space that it is given, and a record's outcome must not depend on other
/// records.
fn append(mut reader: impl Read, most: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
    let mut chunk = [0; 16 << 10];
    let start = buffer.len();
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    loop {
        match reader.read(&mut chunk)? {
            0 => return Ok(()),
            read => {
                let appended = buffer.len() - start;
                if appended > GROWS && buffer.capacity() - buffer.len() < read {
                    buffer.reserve_exact(most - appended);
                }
                buffer.extend_from_slice(&chunk[..read]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        ::zstd::bulk::compress(bytes, 1).unwrap()
    }

    /// The content of a payload.
    fn apply(decompression: &mut Decompression, payload: &[u8]) -> Result<Vec<u8>, Rejected> {
        let before = [b"before", payload].concat();
        let mut buffer = before.clone();
        let result = decompression.apply(6..before.len(), &mut buffer);
        assert!(buffer.starts_with(&before));
        assert!(result.is_ok() || buffer == before);
        result.map(|range| buffer[range].to_vec())
    }

    fn once(payload: &[u8]) -> Result<Vec<u8>, Rejected> {
        apply(&mut Decompression::new(payload.len()), payload)
    }

    #[test]
    fn only_one_layer_of_compression_is_removed() {
        let text = b"{\"a\": 1}";
        for compress in [gzip, zstd] {
            assert_eq!(once(&compress(text)), Ok(text.to_vec()));
            assert_eq!(once(&compress(&compress(text))), Ok(compress(text)));
            assert_eq!(once(&compress(b"")), Ok(vec![]));
            assert_eq!(once(&[compress(b"{\"a\""), compress(b": 1}")].concat()), Ok(text.to_vec()));
        }
        for plain in [&text[..], b"", b"\x1f", b"\x28\xb5\x2f", b"\x4f\x2a\x4d\x18", b"\x60\x2a\x4d\x18"] {
            assert_eq!(once(plain), Ok(plain.to_vec()));
        }
    }

    #[test]
    fn skippable_frames_are_skipped() {
        let skippable = |first| [&[first, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let (frame, first, last) = (zstd(b"[1]"), skippable(0x50), skippable(0x5f));
        assert_eq!(
            once(&[first.clone(), frame.clone(), last.clone(), frame].concat()),
            Ok(b"[1][1]".to_vec())
        );
        assert_eq!(once(&[first.clone(), last].concat()), Ok(vec![]));
        assert_eq!(once(&first[..first.len() - 1]), Err(Rejected::Compressed(Codec::Zstd.name())));
    }

    #[test]
    fn cut_changed_and_extended_payloads_are_rejected() {
        let text: Vec<u8> = (0..300_u16).flat_map(|n| format!("{{\"n\": {n}}}\n").into_bytes()).collect();
        for (codec, magic, sound) in [(Codec::Gzip, 2, gzip(&text)), (Codec::Zstd, 4, zstd(&text))] {
            let rejected = Err(Rejected::Compressed(codec.name()));
            for len in magic..sound.len() {
                assert_eq!(once(&sound[..len]), rejected, "{len} bytes");
            }
            for garbage in [&b"\0"[..], b"{}", b"\n", &sound[..magic], &sound[..sound.len() - 1]] {
                assert_eq!(once(&[&sound, garbage].concat()), rejected, "{garbage:?}");
            }
            for at in magic..sound.len() {
                let mut changed = sound.clone();
                changed[at] ^= 0x10;
                let result = once(&changed);
                assert!(
                    result == rejected || result == Ok(text.clone()) || matches!(codec, Codec::Zstd),
                    "byte {at}"
                );
            }
        }
    }

    #[test]
    fn a_record_decompresses_to_a_mebibyte_a_hundred_times_its_size_or_32_mebibytes() {
        for (record_bytes, limit) in
            [(0, 1 << 20), (20_000, 2_000_000), (1 << 20, 32 << 20), (usize::MAX, 32 << 20)]
        {
            for compress in [gzip, zstd] {
                let text = vec![b' '; limit + 1];
                let result = apply(&mut Decompression::new(record_bytes), &compress(&text[1..]));
                assert_eq!(result.map(|text| text.len()), Ok(limit));
                let result = apply(&mut Decompression::new(record_bytes), &compress(&text));
                assert_eq!(result, Err(Rejected::Expands { limit }));
            }
        }
    }

    #[test]
    fn the_limit_is_for_all_payloads_of_a_record() {
        let half = vec![b' '; 1 << 19];
        let mut broken = zstd(&half);
        broken.push(0);
        let expands = Err(Rejected::Expands { limit: 1 << 20 });
        let mut decompression = Decompression::new(0);
        assert_eq!(apply(&mut decompression, &gzip(&half)), Ok(half.clone()));
        // The bytes of a rejected payload count.
        assert_eq!(apply(&mut decompression, &broken), Err(Rejected::Compressed(Codec::Zstd.name())));
        assert_eq!(apply(&mut decompression, &gzip(b"1")), expands);
        assert_eq!(apply(&mut decompression, b"1"), Ok(b"1".to_vec()));
        let mut decompression = Decompression::new(0);
        assert_eq!(apply(&mut decompression, &gzip(&half)), Ok(half.clone()));
        assert_eq!(apply(&mut decompression, &zstd(&half[1..])), Ok(half[1..].to_vec()));
        assert_eq!(apply(&mut decompression, &zstd(b"12")), expands);
        assert_eq!(apply(&mut decompression, &zstd(b"1")), expands);
    }

    #[test]
    fn windows_are_of_8_mebibytes_at_most() {
        let with_window = |log| {
            let mut encoder = ::zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(log).unwrap();
            encoder.write_all(b"{}").unwrap();
            encoder.finish().unwrap()
        };
        assert_eq!(once(&with_window(23)), Ok(b"{}".to_vec()));
        assert_eq!(once(&with_window(24)), Err(Rejected::Compressed(Codec::Zstd.name())));
    }

    #[test]
    fn a_frame_is_judged_alike_whatever_space_the_buffer_has() {
        // The window is 16 MiB (descriptor 70), although the header announces only 256 bytes, in one raw
        // block.
        let frame = [&[0x28, 0xb5, 0x2f, 0xfd, 0x40, 0x70, 0, 0, 1, 8, 0][..], &[b' '; 256]].concat();
        let results = [0, 1 << 20].map(|spare| {
            let mut buffer = Vec::with_capacity(frame.len() + spare);
            buffer.extend_from_slice(&frame);
            Decompression::new(frame.len()).apply(0..frame.len(), &mut buffer)
        });
        assert_eq!(results[0], results[1]);
    }
}
