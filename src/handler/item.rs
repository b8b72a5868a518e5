//! A document on its way out.

use crate::error::Rejected;
use crate::event::{self, Record};
use crate::sink::MAX_RECORD_BYTES;

use super::slice::{Input, Slice};

/// What became of a document: the result that goes out, or why there is none.
pub struct Item<'a> {
    pub record: &'a Record<'a>,
    pub sub_sequence: u32,
    pub key: &'a str,
    pub result: Result<Vec<u8>, Rejected>,
    /// Seconds from when the event took place until the stream took its record, if both are known.
    pub lateness: Option<f64>,
}

impl<'a> Item<'a> {
    pub fn new(
        inputs: &'a [Input<'a>],
        slice: &'a Slice,
        place: usize,
        (result, lateness): (Result<Vec<u8>, Rejected>, Option<f64>),
    ) -> Self {
        let (record, document) = (&inputs[slice.record(place)].record, &slice.documents[place]);
        let key = document.key.clone().and_then(|range| std::str::from_utf8(&slice.bytes[range]).ok());
        let key = key.unwrap_or(&record.partition_key);
        Self { record, sub_sequence: document.sub_sequence, key, result, lateness }
    }

    /// Whether it was among the rows of a call.
    pub fn reached_the_model(&self) -> bool {
        matches!(self.result, Ok(_) | Err(Rejected::Model | Rejected::Panic))
    }

    /// Rejects a result that the output stream would not take: one needs a key to go under, a sequence number under which it
    /// could be reported, and no more bytes than a record may have.
    pub fn check_published(&mut self) {
        let Ok(data) = &self.result else { return };
        let bytes = data.len() + self.key.len();
        let rejected = if !event::is_sequence_number(&self.record.sequence_number) {
            Rejected::Envelope("kinesis.sequenceNumber is not 1 to 128 digits".to_owned())
        } else if !(1..=256).contains(&self.key.chars().count()) {
            Rejected::Envelope("kinesis.partitionKey is not 1 to 256 characters".to_owned())
        } else if bytes > MAX_RECORD_BYTES {
            Rejected::TooLarge { bytes, limit: MAX_RECORD_BYTES }
        } else {
            return;
        };
        self.result = Err(rejected);
    }
}
