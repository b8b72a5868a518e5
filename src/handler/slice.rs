//! The documents of some records of a batch.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::decode::{self, Document};
use crate::error::Rejected;
use crate::event::{Malformed, Record};

/// Documents a slice, unless one record has more: the model's batches gain nothing from being larger, and four requests
/// are full.
pub const DOCUMENTS: usize = 2_000;

/// Bytes of a slice's payloads, unless one record has more, and of the documents of a window, unless one has more.
pub const BYTES: usize = 4 << 20;

/// A record of the event.
#[derive(Debug)]
pub struct Input<'a> {
    pub record: Record<'a>,
    /// Why its entry could not be read.
    malformed: Option<Rejected>,
}

impl<'a> From<Result<Record<'a>, Malformed<'a>>> for Input<'a> {
    fn from(record: Result<Record<'a>, Malformed<'a>>) -> Self {
        match record {
            Ok(record) => Self { record, malformed: None },
            Err(Malformed { record, rejected }) => Self { record, malformed: Some(rejected) },
        }
    }
}

/// The documents, one record's after the other's, and what they stand in.
#[derive(Debug, Default)]
pub struct Slice {
    pub bytes: Vec<u8>,
    pub documents: Vec<Document>,
    /// For each document, the record that it came in, by its place among those that the slice was filled from.
    records: Vec<usize>,
}

impl Slice {
    /// Unpacks as many of the records as make a slice, one at least: how many.
    pub fn fill(&mut self, inputs: &[Input]) -> usize {
        self.bytes.clear();
        self.documents.clear();
        self.records.clear();
        for (place, input) in inputs.iter().enumerate() {
            let bytes = self.bytes.len() + input.record.data.len();
            if place > 0 && (self.documents.len() >= DOCUMENTS || bytes > BYTES) {
                return place;
            }
            self.add(input);
            self.records.resize(self.documents.len(), place);
        }
        inputs.len()
    }

    fn add(&mut self, Input { record, malformed }: &Input) {
        let (bytes, start) = (self.bytes.len(), self.documents.len());
        let rejected = malformed.clone().or_else(|| {
            // What arrives in a record must not end the process, whatever a codec makes of it.
            let unpack = || decode::unpack(&record.data, &mut self.bytes, &mut self.documents);
            catch_unwind(AssertUnwindSafe(unpack)).err().map(|_| Rejected::Panic)
        });
        if let Some(rejected) = rejected {
            self.bytes.truncate(bytes);
            self.documents.truncate(start);
            self.documents.push(rejected_whole(rejected));
        }
        if !record.sub_sequence_numbers.is_empty() {
            let mut meant = record.sub_sequence_numbers.clone();
            meant.sort_unstable();
            let mut all = self.documents.split_off(start);
            all.retain(|document| meant.binary_search(&document.sub_sequence).is_ok());
            if all.is_empty() {
                let reason = "kinesis.subSequenceNumbers names none of its documents";
                all.push(rejected_whole(Rejected::Envelope(reason.to_owned())));
            }
            self.documents.append(&mut all);
        }
    }

    /// The window from a document on, of so many at most.
    pub fn window(&self, start: usize, most: usize) -> Range<usize> {
        let mut taken = 0;
        let fitting = self.documents[start..].iter().take(most).take_while(|document| {
            taken += bytes(document);
            taken <= BYTES
        });
        start..start + fitting.count().max(1)
    }

    /// Bytes of the documents of a window.
    pub fn bytes_of(&self, window: &Range<usize>) -> usize {
        self.documents[window.clone()].iter().map(bytes).sum()
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// The record that a document came in, by its place among those that the slice was filled from.
    pub fn record(&self, document: usize) -> usize {
        self.records[document]
    }
}

/// What stands for the documents of a record of which none can be read.
fn rejected_whole(reason: Rejected) -> Document {
    Document { sub_sequence: 0, key: None, json: Err(reason) }
}

/// Bytes of a document that could be read.
fn bytes(document: &Document) -> usize {
    document.json.as_ref().map_or(0, Range::len)
}
