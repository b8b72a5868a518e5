//! From the event's base64 to JSON documents, one codec a file: base64, then what the Kinesis Producer Library aggregated,
//! then gzip or zstd, then documents a line each. All but base64 is recognised by its content.

mod base64;
mod gzip;
mod kpl;
mod lines;
mod zstd;

use std::io::Read;
use std::ops::Range;

use crate::error::Rejected;

/// Documents of one record; more are a mistake, or meant to fill the memory.
pub const MAX_DOCUMENTS: usize = 100_000;

/// What compressed payloads of one record may come to, in bytes: so many times the record's own, but at least the first and
/// at most the second of the sizes below.
pub const MAX_RATIO: usize = 100;
/// See [`MAX_RATIO`].
pub const ALWAYS_ALLOWED: usize = 1 << 20;
/// See [`MAX_RATIO`].
pub const MAX_UNPACKED: usize = 32 << 20;

/// One JSON document of a record's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its place among the documents of the record, from 0.
    pub sub_sequence: u32,
    /// Where in the buffer the partition key stands that it came with, if it was aggregated; else it is the record's.
    pub key: Option<Range<usize>>,
    /// Where in the buffer it stands, or why it can never be read.
    pub json: Result<Range<usize>, Rejected>,
}

impl Document {
    /// The only one of a record that can't be unpacked.
    #[must_use]
    pub fn rejected(reason: Rejected) -> Self {
        Self { sub_sequence: 0, key: None, json: Err(reason) }
    }
}

/// Unpacks a record's payload onto the ends of `buffer` and `documents`: one document at least. Compressed payloads add at
/// most [`MAX_UNPACKED`] bytes to those of the payload.
pub fn unpack(data: &str, buffer: &mut Vec<u8>, documents: &mut Vec<Document>) {
    let first = documents.len();
    let range = match base64::decode(data, buffer) {
        Ok(range) => range,
        Err(rejected) => return documents.push(Document::rejected(rejected)),
    };
    let room = MAX_UNPACKED.min(ALWAYS_ALLOWED.max(MAX_RATIO.saturating_mul(range.len())));
    let mut unpacking = Unpacking { buffer, documents, first, room };
    if let Err(rejected) = unpacking.record(range) {
        documents.truncate(first);
        documents.push(Document::rejected(rejected));
    }
}

/// A record that is being unpacked.
struct Unpacking<'a> {
    buffer: &'a mut Vec<u8>,
    documents: &'a mut Vec<Document>,
    /// Where the record's documents begin.
    first: usize,
    /// How many bytes may still come of compressed ones.
    room: usize,
}

impl Unpacking<'_> {
    /// Unpacks a record of which the bytes stand there.
    fn record(&mut self, range: Range<usize>) -> Result<(), Rejected> {
        let Some(user_records) = kpl::user_records(&self.buffer[range.clone()]) else {
            return self.payload(None, range);
        };
        let place = |part: Range<usize>| range.start + part.start..range.start + part.end;
        for user_record in user_records {
            let kpl::UserRecord { key, data } = user_record?;
            let (key, data) = (place(key), place(data));
            if std::str::from_utf8(&self.buffer[key.clone()]).is_err() {
                let reason = "the aggregate's partition key is not UTF-8".to_owned();
                self.push(None, Err(Rejected::Envelope(reason)))?;
                continue;
            }
            self.payload(Some(key), data)?;
        }
        if self.documents.len() == self.first { Err(Rejected::NoDocuments) } else { Ok(()) }
    }

    /// Unpacks a payload, perhaps compressed, of perhaps several documents.
    fn payload(&mut self, key: Option<Range<usize>>, range: Range<usize>) -> Result<(), Rejected> {
        let bytes = &self.buffer[range.clone()];
        let unpacked = if bytes.starts_with(gzip::MAGIC) {
            let bytes = bytes.to_vec();
            self.inflate("gzip", gzip::reader(&bytes))
        } else if bytes.starts_with(zstd::MAGIC) {
            let bytes = bytes.to_vec();
            zstd::reader(&bytes).and_then(|reader| self.inflate("zstd", reader))
        } else {
            Ok(range)
        };
        let range = match unpacked {
            Ok(range) => range,
            Err(rejected) => return self.push(key, Err(rejected)),
        };
        let Some(lines) = lines::split(&self.buffer[range.clone()]) else {
            return self.push(key, Ok(range));
        };
        lines
            .into_iter()
            .try_for_each(|line| self.push(key.clone(), Ok(range.start + line.start..range.start + line.end)))
    }

    /// Reads all that there is, as far as there is room.
    fn inflate(&mut self, format: &'static str, reader: impl Read) -> Result<Range<usize>, Rejected> {
        let start = self.buffer.len();
        let read = reader.take(self.room as u64 + 1).read_to_end(self.buffer);
        let problem = match read {
            Ok(bytes) if bytes <= self.room => {
                self.room -= bytes;
                return Ok(start..self.buffer.len());
            }
            Ok(_) => Rejected::Bomb { format },
            Err(_) => Rejected::Compressed { format },
        };
        self.buffer.truncate(start);
        Err(problem)
    }

    fn push(
        &mut self,
        key: Option<Range<usize>>,
        json: Result<Range<usize>, Rejected>,
    ) -> Result<(), Rejected> {
        let place = self.documents.len() - self.first;
        if place == MAX_DOCUMENTS {
            return Err(Rejected::TooManyDocuments { limit: MAX_DOCUMENTS });
        }
        let sub_sequence = u32::try_from(place).unwrap_or(u32::MAX);
        self.documents.push(Document { sub_sequence, key, json });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
