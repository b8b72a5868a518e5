//! A replay reads of an object what the function can take again, and all that a quarantine writes: the bytes are taken for
//! an object, and for an event that is quarantined.
#![allow(clippy::expect_used, reason = "what panics is found")]

use stream_predictor::error::Rejected;
use stream_predictor::event::{Malformed, Record, parse};
use stream_predictor::quarantine::{Failure, Line, Quarantined};
use stream_predictor::replay::Records;
use uuid::Uuid;

/// Reads the bytes, and what a quarantine makes of them.
pub fn run(bytes: &[u8]) {
    let mut records = Records::of(bytes);
    for entry in &mut records {
        let event = format!("{{\"Records\":[{}]}}", entry.json);
        let read = parse(&event).expect("entries of Kinesis only");
        let [Ok(record) | Err(Malformed { record, .. })] = read.as_slice() else {
            panic!("an entry is one record");
        };
        assert_eq!((&*record.stream_arn, &*record.shard), (&*entry.shard.0, &*entry.shard.1));
        assert_eq!(record.sequence_number, entry.sequence_number);
    }
    // What of it is no record is told at the end.
    drop(records.end());

    let records = str::from_utf8(bytes).ok().and_then(|event| parse(event).ok());
    for record in records.unwrap_or_default() {
        let (Ok(record) | Err(Malformed { record, .. })) = record;
        returns(&record);
    }
}

/// A record that is quarantined comes back as it was.
fn returns(record: &Record) {
    let failure = |sub_sequence| Failure { id: Uuid::nil(), sub_sequence, reason: &Rejected::Panic };
    let quarantined = Quarantined { record, failures: vec![failure(1), failure(3)] };
    let line = Line::new(("model", "version"), &quarantined).to_bytes();
    assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1), "one line");

    let mut records = Records::of(&line);
    let entries: Vec<_> = records.by_ref().collect();
    records.end().expect("a line that was written can be read");
    assert_eq!(entries.len(), 1);
    let event = format!("{{\"Records\":[{}]}}", entries[0].json);
    match parse(&event).expect("an event").remove(0) {
        Ok(read) => {
            assert_eq!(read, Record { sub_sequence_numbers: vec![1, 3], ..record.clone() });
        }
        Err(Malformed { record: read, .. }) => assert_eq!(&read, record),
    }
}
