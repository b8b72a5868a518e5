//! A replay reads of an object what the function can score again, and all that a quarantine writes. The bytes are taken for
//! an object, and for an event whose records are quarantined.
#![allow(clippy::expect_used, reason = "what panics is found")]

use stream_predictor::doors::kinesis;
use stream_predictor::failure::Rejected;
use stream_predictor::quarantine::{Line, Quarantined, RejectedDocument};
use stream_predictor::record::{Content, Record};
use stream_predictor::replay::Object;
use uuid::Uuid;

/// Reads the bytes, and what a quarantine makes of them.
pub fn run(bytes: &[u8]) {
    let object = Object::of(bytes);
    let mut records = object.records();
    records.by_ref().for_each(|record| returns(&record));
    // The end says whether anything of it was not a record.
    drop(records.end());

    let records = str::from_utf8(bytes).ok().and_then(|event| kinesis::parse(event).ok());
    records.unwrap_or_default().iter().for_each(returns);
}

/// A record that is quarantined comes back as it was, with its rejected documents selected.
fn returns(record: &Record) {
    let reason = Rejected::Document(predictor::Rejected::Panic);
    let rejected = |place| RejectedDocument { id: Uuid::nil(), place, reason: &reason };
    let quarantined = Quarantined { record, documents: vec![rejected(3), rejected(1)] };
    let line = Line::new(("model", "version"), &quarantined).to_bytes();
    assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1), "one line");

    let object = Object::of(&line);
    let mut records = object.records();
    let read: Vec<_> = records.by_ref().collect();
    records.end().expect("a line that was written can be read");
    let expected = match &record.content {
        Content::Payload { base64, .. } => {
            let content = Content::Payload { base64: base64.clone(), places: vec![1, 3] };
            Record { content, ..record.clone() }
        }
        Content::Malformed { .. } => record.clone(),
    };
    assert_eq!(read, [expected]);
}
