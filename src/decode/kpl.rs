//! Aggregates of the Kinesis Producer Library: several user records in one record of the stream.
//!
//! A magic number, a Protocol Buffers message, and the MD5 digest of that; without the right digest it is an ordinary
//! record. Source: <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>.

use std::ops::Range;

use md5::{Digest, Md5};

use crate::error::Rejected;

const MAGIC: &[u8] = b"\xF3\x89\x9A\xC2";
const DIGEST: usize = 16;

/// Fields of the message: the table of partition keys, and the user records.
const KEYS: u64 = 1;
const RECORDS: u64 = 3;
/// Fields of a user record: the place of its partition key in the table, and its data.
const KEY: u64 = 1;
const DATA: u64 = 3;

/// Where its partition key and its data stand.
pub struct UserRecord {
    pub key: Range<usize>,
    pub data: Range<usize>,
}

/// The user records, if it is an aggregate; each may be an error, behind which there are no more.
pub fn user_records(bytes: &[u8]) -> Option<Vec<Result<UserRecord, Rejected>>> {
    let message = bytes.strip_prefix(MAGIC)?;
    let (message, digest) = message.split_at_checked(message.len().checked_sub(DIGEST)?)?;
    if Md5::digest(message).as_slice() != digest {
        return None;
    }
    let message = MAGIC.len()..bytes.len() - DIGEST;
    Some(read(bytes, message).unwrap_or_else(|| vec![Err(Rejected::Aggregate)]))
}

fn read(bytes: &[u8], message: Range<usize>) -> Option<Vec<Result<UserRecord, Rejected>>> {
    let (mut keys, mut records) = (Vec::new(), Vec::new());
    let mut fields = Fields { bytes, rest: message };
    while !fields.rest.is_empty() {
        match fields.next()? {
            (KEYS, Field::Bytes(key)) => keys.push(key),
            (RECORDS, Field::Bytes(record)) => records.push(record),
            _ => {}
        }
    }
    // The table may stand behind what refers to it.
    let user_record = |record| user_record(bytes, record, &keys).ok_or(Rejected::Aggregate);
    Some(records.into_iter().map(user_record).collect())
}

fn user_record(bytes: &[u8], record: Range<usize>, keys: &[Range<usize>]) -> Option<UserRecord> {
    let (mut key, mut data) = (None, None);
    let mut fields = Fields { bytes, rest: record };
    while !fields.rest.is_empty() {
        match fields.next()? {
            (KEY, Field::Number(index)) => key = keys.get(usize::try_from(index).ok()?).cloned(),
            (DATA, Field::Bytes(range)) => data = Some(range),
            _ => {}
        }
    }
    Some(UserRecord { key: key?, data: data? })
}

/// The fields of a message: <https://protobuf.dev/programming-guides/encoding/>.
struct Fields<'a> {
    bytes: &'a [u8],
    rest: Range<usize>,
}

enum Field {
    Number(u64),
    Bytes(Range<usize>),
    Fixed,
}

impl Fields<'_> {
    /// The number of the next field and what it holds; none if the message is malformed.
    fn next(&mut self) -> Option<(u64, Field)> {
        let tag = self.number()?;
        let field = match tag & 7 {
            0 => Field::Number(self.number()?),
            1 => self.take(8).map(|_| Field::Fixed)?,
            2 => {
                let length = usize::try_from(self.number()?).ok()?;
                Field::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Field::Fixed)?,
            _ => return None,
        };
        Some((tag >> 3, field))
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.bytes[self.take(1)?.start];
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<Range<usize>> {
        let end = self.rest.start.checked_add(length).filter(|end| *end <= self.rest.end)?;
        let taken = self.rest.start..end;
        self.rest.start = end;
        Some(taken)
    }
}
