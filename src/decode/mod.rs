//! From the event's base64 to JSON documents, as producers send them: one codec a file.

mod base64;
mod compression;
mod gzip;
mod kpl;
mod lines;
mod protobuf;
mod zstd;

use std::ops::Range;

pub use base64::decode as base64;

use crate::error::Rejected;
use compression::Decompression;
use kpl::{Aggregate, UserRecord};
use lines::Documents;

/// No record holds more documents: that many are read, none of more.
pub const MAX_DOCUMENTS: usize = 100_000;

/// One document of a record's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its place among the documents of the record, from 0.
    pub sub_sequence: u32,
    /// Where the partition key of the KPL user record that it came in stands in the buffer, UTF-8 of 1 to 256 characters.
    /// None: it has the record's own.
    pub key: Option<Range<usize>>,
    /// Where the document stands in the buffer, JSON or not; or why there is none.
    pub json: Result<Range<usize>, Rejected>,
}

/// Unpacks a record's payload: base64, then the user records of a KPL aggregate, then gzip or zstd, then a JSON document or
/// one a line. The last three may each be absent, and go no deeper than this.
///
/// Bytes go onto the end of `buffer`, documents onto the end of `documents`: always one at least, at most
/// [`MAX_DOCUMENTS`]. What can't be unpacked is a rejected document in its place: a user record alone if that is what is
/// wrong, else the record as a whole. To the buffer goes at most the record itself and what it decompresses to: 100 times
/// its size, but 1 MiB in any case and never more than 32 MiB.
pub fn unpack(data: &str, buffer: &mut Vec<u8>, documents: &mut Vec<Document>) {
    let (start, first) = (buffer.len(), documents.len());
    let mut record = Unpacking { buffer, documents: Numbered { all: documents, first } };
    if let Err(rejected) = record.unpack(data) {
        buffer.truncate(start);
        documents.truncate(first);
        documents.push(Document { sub_sequence: 0, key: None, json: Err(rejected) });
    }
}

/// A record of the stream, while it is unpacked.
struct Unpacking<'a> {
    buffer: &'a mut Vec<u8>,
    documents: Numbered<'a>,
}

/// The documents of the record, after those of the records before it.
struct Numbered<'a> {
    all: &'a mut Vec<Document>,
    /// How many were there before.
    first: usize,
}

impl Unpacking<'_> {
    /// Fails if the record is to be rejected as a whole.
    fn unpack(&mut self, data: &str) -> Result<(), Rejected> {
        let payload = base64(data, self.buffer)?;
        let mut decompression = Decompression::new(payload.len());
        let Some(mut aggregate) = Aggregate::open(self.buffer, &payload)? else {
            return self.payload(None, payload, &mut decompression);
        };
        while let Some(user_record) = aggregate.next(self.buffer) {
            match user_record {
                Ok(UserRecord { key, data }) => self.payload(Some(key), data, &mut decompression)?,
                Err(rejected) => self.documents.push(None, Err(rejected))?,
            }
        }
        if self.documents.is_empty() {
            return Err(Rejected::Aggregate("there is no user record in it"));
        }
        Ok(())
    }

    /// The payload of the record, or of one of its user records.
    fn payload(
        &mut self,
        key: Option<Range<usize>>,
        payload: Range<usize>,
        decompression: &mut Decompression,
    ) -> Result<(), Rejected> {
        let text = match decompression.apply(payload, self.buffer) {
            Ok(text) => text,
            Err(rejected) => return self.documents.push(key, Err(rejected)),
        };
        let before = self.documents.all.len();
        for document in Documents::of(&self.buffer[text.clone()]) {
            let json = text.start + document.start..text.start + document.end;
            self.documents.push(key.clone(), Ok(json))?;
        }
        if self.documents.all.len() == before {
            self.documents.push(key, Err(Rejected::Empty))?;
        }
        Ok(())
    }
}

impl Numbered<'_> {
    fn is_empty(&self) -> bool {
        self.all.len() == self.first
    }

    fn push(
        &mut self,
        key: Option<Range<usize>>,
        json: Result<Range<usize>, Rejected>,
    ) -> Result<(), Rejected> {
        let place = self.all.len() - self.first;
        let sub_sequence = u32::try_from(place).ok().filter(|_| place < MAX_DOCUMENTS);
        let sub_sequence = sub_sequence.ok_or(Rejected::TooManyDocuments { limit: MAX_DOCUMENTS })?;
        self.all.push(Document { sub_sequence, key, json });
        Ok(())
    }
}
