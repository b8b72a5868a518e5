//! Unpacks a record's payload to JSON documents, from the encodings that producers use. Each codec has its
//! file.

mod base64;
mod compression;
mod gzip;
mod kpl;
mod lines;
mod partition_key;
mod protobuf;
mod zstd;

use std::ops::Range;

pub use partition_key::PartitionKey;

use crate::Rejected;
use compression::Decompression;
use kpl::{Aggregate, UserRecord};
use lines::Documents;

/// The most documents that one record may hold.
pub const MAX_DOCUMENTS: usize = 100_000;

/// The place of a document in the buffer that a payload was unpacked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRange {
    /// Its place among the documents of the record, from 0.
    pub place: u32,
    /// The partition key of the KPL user record that holds it: a valid [`PartitionKey`]. `None` if it has the
    /// record's own key.
    pub key: Option<Range<usize>>,
    /// The range of the document, which need not be JSON; or the reason why it has none.
    pub json: Result<Range<usize>, Rejected>,
}

/// Unpacks a payload: the user records of a KPL aggregate, then gzip or zstd, then one JSON document, or one
/// per line. Each layer may be absent. Nothing is unpacked twice.
///
/// Bytes are appended to `buffer` and documents to `documents`: at least one, and at most [`MAX_DOCUMENTS`].
/// A user record that cannot be unpacked is one rejected document. If the payload as a whole cannot be
/// unpacked, it is one rejected document. The buffer grows by the payload and by what it decompresses to.
/// That is at most 100 times the payload's size, but at least 1 MiB is accepted, and never more than 32 MiB.
///
/// ```
/// use predictor::decode::unpack;
///
/// let (mut buffer, mut documents) = (Vec::new(), Vec::new());
/// unpack(b"{\"x\": 1}\n{\"x\": 2}\n", &mut buffer, &mut documents);
///
/// let texts: Vec<&[u8]> = documents.into_iter().map(|document| &buffer[document.json.unwrap()]).collect();
/// assert_eq!(texts, [b"{\"x\": 1}", b"{\"x\": 2}"]);
/// ```
#[inline]
pub fn unpack(payload: &[u8], buffer: &mut Vec<u8>, documents: &mut Vec<DocumentRange>) {
    let append = |buffer: &mut Vec<u8>| {
        let start = buffer.len();
        buffer.extend_from_slice(payload);
        Ok(start..buffer.len())
    };
    Unpacking::run(append, buffer, documents);
}

/// Unpacks a payload that comes in base64; see [`unpack`].
#[inline]
pub fn unpack_base64(payload: &str, buffer: &mut Vec<u8>, documents: &mut Vec<DocumentRange>) {
    Unpacking::run(|buffer| base64::decode(payload, buffer), buffer, documents);
}

/// A payload, while it is unpacked.
struct Unpacking<'a> {
    buffer: &'a mut Vec<u8>,
    documents: Numbered<'a>,
}

/// The documents of the payload, behind those of earlier payloads.
struct Numbered<'a> {
    all: &'a mut Vec<DocumentRange>,
    /// The number of documents of earlier payloads.
    first: usize,
}

impl<'a> Unpacking<'a> {
    /// Unpacks the payload that `append` adds to the buffer.
    fn run(
        append: impl FnOnce(&mut Vec<u8>) -> Result<Range<usize>, Rejected>,
        buffer: &'a mut Vec<u8>,
        documents: &'a mut Vec<DocumentRange>,
    ) {
        let (start, first) = (buffer.len(), documents.len());
        let mut record = Unpacking { buffer, documents: Numbered { all: documents, first } };
        let unpacked = append(record.buffer).and_then(|payload| record.unpack(payload));
        if let Err(rejected) = unpacked {
            let Unpacking { buffer, documents: Numbered { all, .. } } = record;
            buffer.truncate(start);
            all.truncate(first);
            all.push(DocumentRange { place: 0, key: None, json: Err(rejected) });
        }
    }

    /// Unpacks the record's payload.
    ///
    /// # Errors
    /// When the record is rejected as a whole.
    fn unpack(&mut self, payload: Range<usize>) -> Result<(), Rejected> {
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
            return Err(Rejected::Aggregate("it has no user record"));
        }
        Ok(())
    }

    /// Unpacks the payload of the record, or of one of its user records.
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
        let place = u32::try_from(place).ok().filter(|_| place < MAX_DOCUMENTS);
        let place = place.ok_or(Rejected::TooManyDocuments { limit: MAX_DOCUMENTS })?;
        self.all.push(DocumentRange { place, key, json });
        Ok(())
    }
}
