//! Aggregates of the Kinesis Producer Library. They hold many user records in one record of the stream
//! (<https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>).

use std::ops::Range;

use md5::{Digest, Md5};

use super::protobuf::{Fields, Malformed, Value};
use super::{MAX_DOCUMENTS, PartitionKey};
use crate::Rejected;

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];

const DIGEST_BYTES: usize = 16;

/// Reads the user records of an aggregate, one after the other.
pub struct Aggregate {
    /// The ranges of the partition keys in the buffer.
    keys: Vec<Range<usize>>,
    fields: Fields,
}

/// The ranges of a user record's parts in the buffer. The explicit hash key is not read, because it only
/// chose a shard.
#[derive(Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// The partition key: UTF-8 of 1 to 256 characters.
    pub key: Range<usize>,
    /// The payload.
    pub data: Range<usize>,
}

impl Aggregate {
    /// Opens the aggregate that `payload` holds. `None` if it is not an aggregate, or its digest does not
    /// match.
    ///
    /// # Errors
    /// [`Rejected::Aggregate`] if the digest matches, but the content is not a protobuf message.
    /// [`Rejected::TooManyDocuments`] if there are too many partition keys.
    pub fn open(buffer: &[u8], payload: &Range<usize>) -> Result<Option<Self>, Rejected> {
        let bytes = &buffer[payload.clone()];
        if !bytes.starts_with(&MAGIC) || bytes.len() < MAGIC.len() + DIGEST_BYTES {
            return Ok(None);
        }
        let message = payload.start + MAGIC.len()..payload.end - DIGEST_BYTES;
        if Md5::digest(&buffer[message.clone()])[..] != buffer[message.end..payload.end] {
            return Ok(None);
        }
        let mut keys = Vec::new();
        let mut fields = Fields::new(message.clone());
        while let Some(field) = fields.next(buffer)? {
            if let (1, Value::Bytes(key)) = field {
                if keys.len() == MAX_DOCUMENTS {
                    return Err(Rejected::TooManyDocuments { limit: MAX_DOCUMENTS });
                }
                keys.push(key);
            }
        }
        Ok(Some(Self { keys, fields: Fields::new(message) }))
    }

    /// The next user record. `buffer` must hold the aggregate at the same place each time.
    ///
    /// # Errors
    /// [`Rejected::Aggregate`] if the user record cannot be read, or has no valid partition key.
    pub fn next(&mut self, buffer: &[u8]) -> Option<Result<UserRecord, Rejected>> {
        loop {
            // `open` has checked that the message as a whole can be read.
            if let (3, Value::Bytes(record)) = self.fields.next(buffer).ok()?? {
                return Some(self.user_record(buffer, record));
            }
        }
    }

    fn user_record(&self, buffer: &[u8], record: Range<usize>) -> Result<UserRecord, Rejected> {
        let (mut index, mut data) = (None, None);
        let mut fields = Fields::new(record);
        while let Some(field) = fields.next(buffer)? {
            match field {
                (1, Value::Integer(value)) => index = usize::try_from(value).ok(),
                (3, Value::Bytes(value)) => data = Some(value),
                _ => {}
            }
        }
        let key = index.and_then(|index| self.keys.get(index));
        let key = key.ok_or(Rejected::Aggregate("a user record's partition key is not in the table"))?;
        if PartitionKey::from_bytes(&buffer[key.clone()]).is_none() {
            return Err(Rejected::Aggregate("a user record's partition key is not 1 to 256 characters"));
        }
        let data = data.ok_or(Rejected::Aggregate("a user record has no data"))?;
        Ok(UserRecord { key: key.clone(), data })
    }
}

impl From<Malformed> for Rejected {
    fn from(_: Malformed) -> Self {
        Self::Aggregate("it is not a protobuf message")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The payload of an aggregate with this message.
    fn aggregate(message: &[u8]) -> Vec<u8> {
        [&MAGIC, message, &Md5::digest(message)[..]].concat()
    }

    /// A length-delimited field.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let len = u16::try_from(bytes.len()).unwrap();
        let varint = [len.to_le_bytes()[0] | 0x80, (len >> 7).to_le_bytes()[0]];
        [&[number << 3 | 2][..], &varint, bytes].concat()
    }

    /// The key and data of each user record in the payload.
    fn user_records(payload: &[u8]) -> Option<Vec<Result<(String, String), Rejected>>> {
        // The payload is not at the start of the buffer.
        let buffer = [b"before", payload].concat();
        let mut aggregate = Aggregate::open(&buffer, &(6..buffer.len())).unwrap()?;
        let text = |range: Range<usize>| String::from_utf8(buffer[range].to_vec()).unwrap();
        let read = |record: UserRecord| (text(record.key), text(record.data));
        Some(std::iter::from_fn(|| aggregate.next(&buffer)).map(|record| record.map(read)).collect())
    }

    #[allow(clippy::unnecessary_wraps, reason = "it is compared with an item of `user_records`")]
    fn found(key: &str, data: &str) -> Result<(String, String), Rejected> {
        Ok((key.to_owned(), data.to_owned()))
    }

    #[test]
    fn user_records_come_with_their_keys_wherever_the_table_stands() {
        let message = [
            field(3, b"\x08\x01\x10\x00\x1a\x02{}"),
            field(1, b"a"),
            field(2, b"340282366920938463463374607431768211455"),
            field(3, b"\x1a\x02[]\x08\x00\x22\x00"),
            field(1, "é".as_bytes()),
            field(9, b"of a later version"),
            field(3, b"\x08\x00\x1a\x00"),
        ];
        let records = user_records(&aggregate(&message.concat())).unwrap();
        assert_eq!(records, [found("é", "{}"), found("a", "[]"), found("a", "")]);
        assert_eq!(user_records(&aggregate(b"")), Some(vec![]));
    }

    #[test]
    fn a_payload_with_a_wrong_digest_is_an_ordinary_record() {
        let whole = aggregate(&[field(1, b"a"), field(3, b"\x08\x00\x1a\x02{}")].concat());
        assert_eq!(user_records(&whole), Some(vec![found("a", "{}")]));
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert_eq!(user_records(&changed), None, "byte {at}");
            assert_eq!(user_records(&whole[..at]), None, "{at} bytes");
        }
    }

    #[test]
    fn a_message_that_cannot_be_read_is_rejected_whole() {
        let rejected = Rejected::Aggregate("it is not a protobuf message");
        for message in [&b"\x1a\x05\x08\x00\x1a\x02"[..], b"\xff", b"{\"a\": 1}"] {
            let payload = aggregate(message);
            assert_eq!(Aggregate::open(&payload, &(0..payload.len())).err(), Some(rejected.clone()));
        }
    }

    #[test]
    fn a_user_record_that_cannot_be_read_is_rejected_alone() {
        let not_in_table = Err(Rejected::Aggregate("a user record's partition key is not in the table"));
        for (record, expected) in [
            (&b"\x08\x01\x1a\x02{}"[..], not_in_table.clone()),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x1a\x02{}", not_in_table.clone()),
            (b"\x1a\x02{}", not_in_table.clone()),
            (b"", not_in_table),
            (b"\x08\x00", Err(Rejected::Aggregate("a user record has no data"))),
            (b"\x08\x00\x1a\x03{}", Err(Rejected::Aggregate("it is not a protobuf message"))),
        ] {
            let good = field(3, b"\x08\x00\x1a\x02{}");
            let message = [field(1, b"a"), good.clone(), field(3, record), good].concat();
            let records = user_records(&aggregate(&message)).unwrap();
            assert_eq!(records, [found("a", "{}"), expected, found("a", "{}")], "{record:?}");
        }
    }

    #[test]
    fn a_partition_key_has_1_to_256_characters() {
        let with_key = |key: &[u8]| {
            let message = [field(1, key), field(3, b"\x08\x00\x1a\x02{}")].concat();
            user_records(&aggregate(&message)).unwrap().remove(0).map(|(key, _)| key)
        };
        for key in ["k".to_owned(), "k".repeat(256), "𝄞".repeat(256)] {
            assert_eq!(with_key(key.as_bytes()), Ok(key));
        }
        let rejected = Err(Rejected::Aggregate("a user record's partition key is not 1 to 256 characters"));
        for key in [&b""[..], "k".repeat(257).as_bytes(), "𝄞".repeat(257).as_bytes(), b"\xff"] {
            assert_eq!(with_key(key), rejected);
        }
    }

    #[test]
    fn an_aggregate_has_at_most_as_many_keys_as_documents() {
        for (keys, is_sound) in [(MAX_DOCUMENTS, true), (MAX_DOCUMENTS + 1, false)] {
            let payload = aggregate(&b"\x0a\x00".repeat(keys));
            let opened = Aggregate::open(&payload, &(0..payload.len()));
            assert_eq!(opened.is_ok(), is_sound, "{keys}");
        }
    }
}
