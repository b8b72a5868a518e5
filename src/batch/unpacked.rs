//! The documents of some records of a lane.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use limits::Clock;

use crate::failure::Rejected;
use crate::record::{Content, Record};
use predictor::decode::{self, DocumentRange};

/// Documents that are at hand at once, unless one record has more. Larger batches do not make the model faster, and
/// this many fill four requests.
const DOCUMENTS: usize = 2_000;

/// Bytes of the payloads that are at hand at once, unless one record has more.
const BYTES: usize = 4 << 20;

/// A lane's share of what may be at hand at once.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// Documents that are scored before they are settled.
    pub documents: usize,
    /// Bytes of payloads, and bytes of documents and results.
    pub bytes: usize,
}

/// A document, or why there is none.
#[derive(Debug, Clone)]
pub struct UnpackedDocument {
    /// The index of its record in the lane.
    pub record: usize,
    /// Its place among the documents of its record, from 0.
    pub place: u32,
    /// Where its own partition key is in the buffer, if it came in a KPL user record.
    pub key: Option<Range<usize>>,
    /// Where it is in the buffer, or why it cannot be read.
    pub json: Result<Range<usize>, Rejected>,
}

/// Documents, record by record, and the buffer that they are in.
#[derive(Debug, Default)]
pub struct Unpacked {
    /// Decoded and decompressed payloads.
    pub bytes: Vec<u8>,
    /// At least one for each record.
    pub documents: Vec<UnpackedDocument>,
    ranges: Vec<DocumentRange>,
}

impl Share {
    /// One of several equal shares.
    pub fn of(lanes: usize) -> Self {
        let lanes = lanes.max(1);
        Self { documents: DOCUMENTS.div_ceil(lanes), bytes: BYTES.div_ceil(lanes) }
    }

    /// The first documents: at least one, and at most `rows`.
    pub fn window<'d>(&self, documents: &'d [UnpackedDocument], rows: usize) -> &'d [UnpackedDocument] {
        let mut bytes = 0;
        let fitting = documents.iter().take(rows).take_while(|document| {
            bytes += document.bytes();
            bytes <= self.bytes
        });
        &documents[..fitting.count().max(1)]
    }
}

impl UnpackedDocument {
    /// Bytes of the document.
    pub fn bytes(&self) -> usize {
        self.json.as_ref().map_or(0, Range::len)
    }
}

impl Unpacked {
    /// Unpacks records, of which `first` is the index of the first in its lane: at least one, and as many as fit into
    /// the share and into the time. Returns how many.
    pub fn fill(&mut self, records: &[Record<'_>], first: usize, share: Share, clock: &Clock) -> usize {
        self.bytes.clear();
        self.documents.clear();
        let mut meter = clock.meter();
        for (index, record) in records.iter().enumerate() {
            let (start, documents) = (self.bytes.len(), self.documents.len());
            let bytes = start + record.bytes();
            if index > 0 && (documents >= share.documents || bytes > share.bytes) {
                return index;
            }
            self.add(record, first + index);
            // Of a rejected payload nothing is left that says how long it took.
            let is_rejected = self.documents[documents..].iter().any(|document| document.json.is_err());
            let steps = if is_rejected { usize::MAX } else { self.bytes.len() - start };
            if meter.spend(steps).is_err() {
                return index + 1;
            }
        }
        records.len()
    }

    /// Removes the first `settled` documents, and those of the next record with these places, which ascend.
    pub fn forget(&mut self, settled: usize, places: &[u32]) {
        self.documents.drain(..settled);
        let Some(record) = self.documents.first().map(|document| document.record) else { return };
        self.documents
            .retain(|document| document.record != record || places.binary_search(&document.place).is_err());
    }

    fn add(&mut self, record: &Record<'_>, index: usize) {
        let whole = |rejected| UnpackedDocument { record: index, place: 0, key: None, json: Err(rejected) };
        let (base64, places) = match &record.content {
            Content::Payload { base64, places } => (base64, places),
            Content::Malformed { reason, .. } => return self.documents.push(whole(reason.clone())),
        };
        self.ranges.clear();
        let start = self.bytes.len();
        // Whatever a codec makes of a payload must not end the process.
        let unpack = || decode::unpack_base64(base64, &mut self.bytes, &mut self.ranges);
        if catch_unwind(AssertUnwindSafe(unpack)).is_err() {
            self.bytes.truncate(start);
            return self.documents.push(whole(predictor::Rejected::Panic.into()));
        }
        let documents = self.documents.len();
        let is_wanted =
            |range: &DocumentRange| places.is_empty() || places.binary_search(&range.place).is_ok();
        self.documents.extend(self.ranges.drain(..).filter(is_wanted).map(|range| UnpackedDocument {
            record: index,
            place: range.place,
            key: range.key,
            json: range.json.map_err(Rejected::from),
        }));
        if self.documents.len() == documents {
            let reason = "the payload holds none of the documents to replay";
            self.documents.push(whole(Rejected::Entry(reason.to_owned())));
        }
    }
}
