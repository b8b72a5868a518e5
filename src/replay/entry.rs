//! A record as an entry of an event, as Lambda would send it.

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::event::{self, Malformed};
use crate::quarantine::Line;

/// An entry of an event, and what tells it from others.
#[derive(Debug)]
pub struct Entry {
    /// ARN of the stream, and shard.
    pub shard: (String, String),
    /// The sequence number, if the entry has one.
    pub sequence_number: String,
    /// The entry's JSON.
    pub json: String,
}

/// The shape of an entry: <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    kinesis: Kinesis<'a>,
    event_source: &'a str,
    event_version: &'a str,
    #[serde(rename = "eventID")]
    event_id: String,
    event_name: &'a str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kinesis<'a> {
    partition_key: &'a str,
    sequence_number: &'a str,
    data: &'a str,
    approximate_arrival_timestamp: Option<&'a RawValue>,
    /// See [`event::Record::sub_sequence_numbers`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sub_sequence_numbers: Vec<u32>,
}

impl Entry {
    /// The entry of an event as it stands.
    ///
    /// # Errors
    /// When no Kinesis event could have it.
    pub fn of_event(json: &str) -> Result<Self> {
        let event = event(&[json]);
        let mut records = event::parse(&event)?;
        ensure!(records.len() == 1, "it is no entry of an event");
        let record = match records.remove(0) {
            Ok(record) | Err(Malformed { record, .. }) => record,
        };
        Ok(Self {
            shard: (record.stream_arn.into_owned(), record.shard.into_owned()),
            sequence_number: record.sequence_number.into_owned(),
            json: json.to_owned(),
        })
    }

    /// The entry of the record that a line of the quarantine keeps.
    ///
    /// # Errors
    /// When it is no such line.
    pub fn of_line(line: &[u8]) -> Result<Self> {
        let line: Line = serde_json::from_slice(line)?;
        if let Some(malformed) = &line.malformed {
            let json =
                base64_simd::STANDARD.decode_to_vec(malformed).ok().context("`malformed`: no base64")?;
            return Self::of_event(std::str::from_utf8(&json)?);
        }
        let mut places: Vec<u32> = line.failures.iter().map(|failure| failure.sub_sequence_number).collect();
        places.sort_unstable();
        // A payload that could not be taken apart failed as its first document, and may have more by now.
        if places == [0] {
            places.clear();
        }
        let envelope = Envelope {
            kinesis: Kinesis {
                partition_key: &line.partition_key,
                sequence_number: &line.sequence_number,
                data: &line.payload,
                approximate_arrival_timestamp: line.arrived_at,
                sub_sequence_numbers: places,
            },
            event_source: "aws:kinesis",
            event_version: "1.0",
            event_id: format!("{}:{}", line.shard, line.sequence_number),
            event_name: "aws:kinesis:record",
            event_source_arn: &line.stream_arn,
        };
        Self::of_event(&serde_json::to_string(&envelope)?)
    }
}

/// The event of entries.
pub fn event<S: AsRef<str>>(entries: &[S]) -> String {
    let entries: Vec<&str> = entries.iter().map(AsRef::as_ref).collect();
    format!("{{\"Records\":[{}]}}", entries.join(","))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use crate::error::Rejected;
    use crate::event::Record;
    use crate::quarantine::{Failure, Quarantined};

    use super::*;

    fn line(record: &Record, places: &[u32]) -> Vec<u8> {
        let failure = |&sub_sequence| Failure { id: Uuid::nil(), sub_sequence, reason: &Rejected::Model };
        let failures = places.iter().map(failure).collect();
        Line::new(("m", "v"), &Quarantined { record, failures }).to_bytes()
    }

    #[test]
    fn the_record_comes_back_as_it_was_quarantined() {
        let record = Record {
            stream_arn: "arn:aws:kinesis:eu-west-1:1:stream/s".into(),
            shard: "shardId-000000000006".into(),
            sequence_number: "42".into(),
            partition_key: "k\"\u{7f}ä".into(),
            arrived_at: Some("1.654161514132E9"),
            data: "not base64".into(),
            ..Record::default()
        };
        for (places, meant) in
            [(&[3, 7][..], &[3, 7][..]), (&[2, 1], &[1, 2]), (&[0, 1], &[0, 1]), (&[0], &[])]
        {
            let entry = Entry::of_line(&line(&record, places)).unwrap();
            assert_eq!(
                (entry.shard.1.as_str(), entry.sequence_number.as_str()),
                ("shardId-000000000006", "42")
            );
            let event = event(&[entry.json]);
            let replayed = event::parse(&event).unwrap().remove(0).unwrap();
            assert_eq!(replayed, Record { sub_sequence_numbers: meant.to_vec(), ..record.clone() });
        }
    }

    #[test]
    fn a_malformed_entry_comes_back_whole() {
        let raw = r#"{"kinesis": {"data": 7}, "eventID": "shardId-000000000006:43"}"#;
        let record = Record { malformed: Some(raw), ..Record::default() };
        let entry = Entry::of_line(&line(&record, &[0])).unwrap();
        assert_eq!((entry.json.as_str(), entry.sequence_number.as_str()), (raw, "43"));
    }

    #[test]
    fn what_is_no_line_is_an_error() {
        let record = Record::default();
        let mut broken = line(&record, &[0]);
        broken.truncate(40);
        let malformed = |entry| line(&Record { malformed: Some(entry), ..Record::default() }, &[0]);
        for text in [
            broken,
            b"{}".to_vec(),
            b"\xff".to_vec(),
            malformed(r#"{"eventSource": "aws:sqs"}"#),
            malformed("7, 8"),
            malformed("7]"),
        ] {
            assert!(Entry::of_line(&text).is_err(), "{}", String::from_utf8_lossy(&text));
        }
    }
}
