//! Documents that the engine has scored, on their way to the sinks.

use std::ops::Range;

use crate::failure::Rejected;
use crate::origin::{Arrival, Origin};
use crate::record::Record;
use crate::sinks::Sink;
use predictor::decode::PartitionKey;
use predictor::{Provenance, Scored};

use super::unpacked::UnpackedDocument;

/// What became of a document: its result, or why it has none.
#[derive(Debug)]
pub struct ScoredDocument<'a> {
    /// The index of its record in the lane.
    pub record: usize,
    /// Its place among the documents of its record.
    pub place: u32,
    /// The partition key that its result goes out under; `None` if the record's is not valid.
    pub key: Option<&'a str>,
    /// The result.
    pub result: Result<Vec<u8>, Rejected>,
    /// Seconds from its event time until its record arrived, if both are known.
    pub lateness: Option<f64>,
}

impl<'a> ScoredDocument<'a> {
    /// Takes what the engine says of a document, or why the document never reached the engine.
    pub fn new(
        record: &'a Record<'_>,
        buffer: &'a [u8],
        document: &UnpackedDocument,
        scored: Result<Scored, Rejected>,
    ) -> Self {
        let arrived_at = record.origin.arrived_at().map(Arrival::seconds);
        let event_time = scored.as_ref().ok().and_then(|scored| scored.event_time);
        let own_key = document.key.clone().and_then(|key| std::str::from_utf8(&buffer[key]).ok());
        Self {
            record: document.record,
            place: document.place,
            key: own_key.or(record.key.as_ref().ok().map(PartitionKey::as_str)),
            lateness: arrived_at.zip(event_time).map(|(arrived_at, event_time)| arrived_at - event_time),
            result: scored.and_then(|scored| scored.result.map_err(Rejected::from)),
        }
    }

    /// Bytes of its result.
    pub fn result_bytes(&self) -> usize {
        self.result.as_ref().map_or(0, Vec::len)
    }

    /// Rejects a result that could not be reported, or that a sink would never accept.
    pub fn check(&mut self, origin: &Origin<'_>, sinks: &[Sink]) {
        let Ok(data) = &self.result else { return };
        let check = |sink: &Sink| sink.check(self.key, data.len());
        let checked = origin.check_position().and_then(|()| sinks.iter().try_for_each(check));
        if let Err(rejected) = checked {
            self.result = Err(rejected);
        }
    }
}

/// What the results of a window say of their records, written once per record.
pub struct Provenances {
    text: String,
    /// For each record of the window, from the first on: where its id text and its `source` end in `text`.
    ends: Vec<(usize, usize)>,
    first: usize,
}

impl Provenances {
    /// Those of the records that the documents of a window came in.
    pub fn of(records: &[Record<'_>], window: &[UnpackedDocument]) -> Self {
        let first = window.first().map_or(0, |document| document.record);
        let last = window.last().map_or(0, |document| document.record + 1);
        let mut text = String::with_capacity(320 * (last - first));
        let ends = records[first..last].iter().map(|record| {
            record.origin.push_id_text(&mut text);
            let end = text.len();
            record.origin.push_source(&mut text);
            (end, text.len())
        });
        let ends = ends.collect();
        Self { text, ends, first }
    }

    /// That of a document of `record`.
    pub fn of_document<'a>(&'a self, record: &'a Record<'_>, document: &UnpackedDocument) -> Provenance<'a> {
        let index = document.record - self.first;
        let (id, source) = self.ends[index];
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before].1);
        let text = |range: Range<usize>| &self.text[range];
        Provenance {
            record: text(start..id),
            source: text(id..source),
            place: document.place,
            arrived_at: record.origin.arrived_at().map(Arrival::as_json),
        }
    }
}
