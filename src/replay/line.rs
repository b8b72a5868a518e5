//! From a line of the quarantine to the record that it keeps.

use anyhow::{Context, Result};
use predictor::decode::PartitionKey;

use crate::doors::kinesis;
use crate::origin::{Arrival, KinesisOrigin, Origin, SequenceNumber};
use crate::quarantine::Line;
use crate::record::{Content, Record};

/// The record of a line, with its rejected documents selected.
///
/// # Errors
/// When the line is not one that a quarantine writes.
pub fn record(line: &[u8]) -> Result<Record<'_>> {
    let line: Line = serde_json::from_slice(line)?;
    if let Some(malformed) = &line.malformed {
        let entry = base64_simd::STANDARD.decode_to_vec(malformed).ok();
        let entry = entry.context("`malformed`: expected base64")?;
        return Ok(kinesis::parse_entry(std::str::from_utf8(&entry)?)?.into_owned());
    }
    let mut places: Vec<u32> = line.failures.iter().map(|failure| failure.sub_sequence_number).collect();
    if let Some(more) = &line.more_failures {
        places.extend(more.places()?);
    }
    places.sort_unstable();
    places.dedup();
    // A payload that could not be unpacked failed as its first document. It may have more documents by now.
    if places == [0] {
        places.clear();
    }
    Ok(Record {
        origin: Origin::Kinesis(KinesisOrigin {
            stream_arn: line.stream_arn,
            shard: line.shard,
            sequence_number: SequenceNumber::parse(line.sequence_number),
            arrived_at: line.arrived_at.and_then(|number| Arrival::parse(number.get())),
        }),
        key: PartitionKey::parse(line.partition_key),
        content: Content::Payload { base64: line.payload, places },
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use crate::failure::Rejected;
    use crate::quarantine::{Quarantined, RejectedDocument};

    use super::*;

    const REASON: Rejected = Rejected::Document(predictor::Rejected::Empty);

    fn sample(content: Content<'static>) -> Record<'static> {
        Record {
            origin: Origin::Kinesis(KinesisOrigin {
                stream_arn: "arn:of:stream".into(),
                shard: "shardId-000000000001".into(),
                sequence_number: SequenceNumber::parse("49".into()),
                arrived_at: Arrival::parse("1.6541615141320E9"),
            }),
            key: PartitionKey::parse("k\"\u{7f}ä".into()),
            content,
        }
    }

    fn payload(places: &[u32]) -> Record<'static> {
        sample(Content::Payload { base64: "not base64".into(), places: places.to_vec() })
    }

    fn malformed(entry: &'static str) -> Record<'static> {
        sample(Content::Malformed { entry: entry.into(), reason: REASON })
    }

    fn line(record: &Record, places: &[u32]) -> Vec<u8> {
        let rejected =
            |&place| RejectedDocument { id: Uuid::nil(), place, reason: REASON.to_string().into() };
        let documents = places.iter().map(rejected).collect();
        Line::new(("m", "v"), &Quarantined { record, documents }).to_bytes()
    }

    #[test]
    fn the_record_comes_back_with_its_rejected_documents_selected() {
        for (places, selected) in
            [(&[3, 7][..], &[3, 7][..]), (&[2, 1], &[1, 2]), (&[0, 1], &[0, 1]), (&[0], &[])]
        {
            assert_eq!(record(&line(&payload(&[]), places)).unwrap(), payload(selected));
        }
    }

    #[test]
    fn documents_that_a_line_has_in_short_are_selected_too() {
        let places: Vec<u32> = (0..5_000).map(|place| place * 2).collect();
        assert_eq!(record(&line(&payload(&[]), &places)).unwrap(), payload(&places));
    }

    #[test]
    fn a_malformed_entry_comes_back_whole() {
        let entry = r#"{"kinesis": {"data": 7}, "eventID": "shardId-000000000006:43"}"#;
        let line = line(&malformed(entry), &[0]);
        let read = record(&line).unwrap();
        assert_eq!(read, kinesis::parse_entry(entry).unwrap());
        assert_eq!(read.origin.position(), "43");
    }

    #[test]
    fn anything_else_is_an_error() {
        let mut cut = line(&payload(&[]), &[0]);
        cut.truncate(40);
        let other_source = line(&malformed(r#"{"eventSource": "aws:sqs"}"#), &[0]);
        for bytes in [cut, b"{}".to_vec(), b"\xff".to_vec(), other_source] {
            assert!(record(&bytes).is_err(), "{}", String::from_utf8_lossy(&bytes));
        }
    }
}
