//! A replay can read any object, and reads back every record that a quarantine writes. The bytes are used as
//! an object, and as an event whose records are quarantined.
#![allow(clippy::expect_used, reason = "a panic is a finding")]

use stream_predictor::doors::kinesis;
use stream_predictor::failure::Rejected;
use stream_predictor::quarantine::{Line, Quarantined, RejectedDocument};
use stream_predictor::record::{Content, Record};
use stream_predictor::replay::Object;
use uuid::Uuid;

use crate::budget::{QUICK, promised, within};

/// Reads the bytes as an object, and their records after a quarantine.
pub fn run(bytes: &[u8]) {
    within(promised(bytes.len()), QUICK, || read(bytes));
}

fn read(bytes: &[u8]) {
    let object = Object::of(bytes);
    let mut records = object.records();
    records.by_ref().for_each(|record| returns(&record));
    // The end reports whether a part was not a record.
    drop(records.end());

    let records = str::from_utf8(bytes).ok().and_then(|event| kinesis::parse(event).ok());
    records.unwrap_or_default().iter().for_each(returns);
}

/// Checks that a quarantined record is read back unchanged, with its rejected documents selected.
fn returns(record: &Record) {
    let reason = Rejected::Document(predictor::Rejected::Panic).to_string();
    let rejected = |place| RejectedDocument { id: Uuid::nil(), place, reason: reason.as_str().into() };
    let quarantined = Quarantined { record, documents: vec![rejected(1), rejected(3)] };
    let line = Line::new(("model", "version"), &quarantined).to_bytes();
    assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1), "one line");

    let object = Object::of(&line);
    let mut records = object.records();
    let read: Vec<_> = records.by_ref().collect();
    records.end().expect("a written line can be read");
    let expected = match &record.content {
        Content::Payload { base64, .. } => {
            let content = Content::Payload { base64: base64.clone(), places: vec![1, 3] };
            Record { content, ..record.clone() }
        }
        Content::Malformed { .. } => record.clone(),
    };
    assert_eq!(read, [expected]);
}
