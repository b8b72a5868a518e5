//! Reads the wire format of Protocol Buffers without copying
//! (<https://protobuf.dev/programming-guides/encoding/>).

use std::ops::Range;

/// The fields of a message, in the order in which they were written.
pub struct Fields {
    /// The range of the fields that are not yet read, in the buffer.
    rest: Range<usize>,
}

/// A field's value.
#[derive(Debug, PartialEq, Eq)]
pub enum Value {
    /// A varint.
    Integer(u64),
    /// The range of a length-delimited field in the buffer: bytes, a text or a message.
    Bytes(Range<usize>),
    /// A value of a fixed width.
    Fixed,
}

/// The bytes are not a message.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

impl Fields {
    /// The fields of the message at the range `message` of a buffer.
    pub fn new(message: Range<usize>) -> Self {
        Self { rest: message }
    }

    /// The next field's number and value. `buffer` must be the same each time.
    ///
    /// # Errors
    /// [`Malformed`], also for groups, which today's formats no longer use.
    pub fn next(&mut self, buffer: &[u8]) -> Result<Option<(u64, Value)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint(buffer)?;
        let value = match tag & 7 {
            0 => Value::Integer(self.varint(buffer)?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let len = self.varint(buffer)?;
                Value::Bytes(self.take(len)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Malformed),
        };
        Ok(Some((tag >> 3, value)))
    }

    /// Reads a varint: seven bits per byte, the lowest first, at most 64 bits.
    fn varint(&mut self, buffer: &[u8]) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.rest.next().map(|at| buffer[at]).ok_or(Malformed)?;
            let bits = u64::from(byte & 0x7f);
            if bits > u64::MAX >> shift {
                return Err(Malformed);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, len: u64) -> Result<Range<usize>, Malformed> {
        let start = self.rest.start;
        let len = usize::try_from(len).ok().filter(|&len| len <= self.rest.len()).ok_or(Malformed)?;
        self.rest.start += len;
        Ok(start..self.rest.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(buffer: &[u8]) -> Result<Vec<(u64, Value)>, Malformed> {
        let mut fields = Fields::new(0..buffer.len());
        std::iter::from_fn(|| fields.next(buffer).transpose()).collect()
    }

    #[test]
    fn every_kind_of_field() {
        let message = b"\x08\x96\x01\x12\x02ab\x19fixed to\x25four\x1a\x00\xfa\x7f\x00";
        assert_eq!(
            all(message).unwrap(),
            [
                (1, Value::Integer(150)),
                (2, Value::Bytes(5..7)),
                (3, Value::Fixed),
                (4, Value::Fixed),
                (3, Value::Bytes(23..23)),
                (2047, Value::Bytes(26..26)),
            ]
        );
        assert_eq!(all(b""), Ok(vec![]));
    }

    #[test]
    fn a_varint_has_64_bits() {
        let largest = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(all(largest), Ok(vec![(1, Value::Integer(u64::MAX))]));
        assert_eq!(all(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), Err(Malformed));
        assert_eq!(all(b"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), Err(Malformed));
    }

    #[test]
    fn bytes_that_end_early_are_not_a_message() {
        for message in [
            &b"\x08"[..],
            b"\x08\x80",
            b"\x12",
            b"\x12\x03ab",
            b"\x19seven b",
            b"\x25thr",
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01ab",
            b"\x0b\x0c",
            b"\x0f",
        ] {
            assert_eq!(all(message), Err(Malformed), "{message:?}");
        }
    }

    #[test]
    fn nothing_is_read_beyond_the_message() {
        let mut fields = Fields::new(1..4);
        let buffer = b"\x08\x12\x03abc";
        assert_eq!(fields.next(buffer), Err(Malformed));
    }
}
