//! Standard base64 with padding (RFC 4648, section 4), decoded with SIMD.

use std::ops::Range;

use base64_simd::STANDARD;

use crate::Rejected;

/// Appends the decoded `data` to `buffer`, and returns the range of the new bytes. They are at most three
/// quarters of `data.len()`.
///
/// # Errors
/// [`Rejected::NotBase64`]. The buffer is then unchanged.
#[inline]
pub fn decode(data: &str, buffer: &mut Vec<u8>) -> Result<Range<usize>, Rejected> {
    let start = buffer.len();
    if STANDARD.decode_append(data, buffer).is_err() {
        buffer.truncate(start);
        return Err(Rejected::NotBase64);
    }
    Ok(start..buffer.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoded_bytes_are_appended() {
        let mut buffer = Vec::new();
        assert_eq!(decode("e30=", &mut buffer), Ok(0..2));
        assert_eq!(decode("W10=", &mut buffer), Ok(2..4));
        assert_eq!(buffer, b"{}[]");
    }

    #[test]
    fn a_text_that_is_not_base64_is_rejected_and_leaves_the_buffer_unchanged() {
        let mut buffer = b"kept".to_vec();
        for text in
            ["e30", "e3 0=", "e30=e30=", "****", "e30-", "=", "é30=", &format!("{}*", "e30A".repeat(99))]
        {
            assert_eq!(decode(text, &mut buffer).unwrap_err(), Rejected::NotBase64, "{text}");
            assert_eq!(buffer, b"kept");
        }
        assert_eq!(decode("", &mut buffer), Ok(4..4));
    }
}
