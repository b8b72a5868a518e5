//! Reads the invocation event of a Kinesis event source mapping. Records borrow from its JSON text.
//!
//! The shape: <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>. A function that cannot read its event
//! fails the whole batch. So entries are read one by one, and a malformed entry fails alone.

use std::borrow::Cow;
use std::fmt;

use anyhow::{Context, Result, ensure};
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::failure::Rejected;
use crate::origin::{Arrival, KinesisOrigin, Origin, SequenceNumber};
use crate::record::{Content, Record};
use predictor::decode::PartitionKey;

/// The most entries of an event: the largest batch size of a mapping
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>). An event of 6 MB has room for
/// millions of entries, and each of them would take memory.
const MAX_ENTRIES: usize = 10_000;

/// The `eventSource` of a Kinesis stream.
const KINESIS: &str = "aws:kinesis";

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "Records", borrow)]
    records: Option<Entries<'a>>,
}

/// The entries of an event; `None` if there are more than [`MAX_ENTRIES`].
struct Entries<'a>(Option<Vec<&'a RawValue>>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Entries(None))
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Entries<'a> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = array.next_element()? {
            if entries.len() == MAX_ENTRIES {
                while array.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Self(None));
            }
            entries.push(entry);
        }
        Ok(Self(Some(entries)))
    }
}

/// An entry of the event. AWS gives every member. A hand-made entry may lack all but the payload; then only a test run
/// accepts it.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct EventEntry<'a> {
    #[serde(borrow)]
    kinesis: Option<KinesisMember<'a>>,
    #[serde(borrow)]
    event_source: Cow<'a, str>,
    #[serde(rename = "eventID", borrow)]
    event_id: Cow<'a, str>,
    #[serde(rename = "eventSourceARN", borrow)]
    event_source_arn: Cow<'a, str>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct KinesisMember<'a> {
    #[serde(borrow)]
    partition_key: Cow<'a, str>,
    #[serde(borrow)]
    sequence_number: Cow<'a, str>,
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(borrow)]
    approximate_arrival_timestamp: Option<&'a RawValue>,
}

/// What is read of a malformed entry, to give the record a name.
#[derive(Deserialize, Default)]
struct Identity<'a> {
    #[serde(rename = "eventID", borrow)]
    event_id: Cow<'a, str>,
    #[serde(rename = "eventSourceARN", borrow, default)]
    event_source_arn: Cow<'a, str>,
}

/// Reads an event: its records, in the order of the event.
///
/// # Errors
/// When the event is not a Kinesis invocation: it has no `Records`, too many, or a record of another event source.
pub fn parse<'a>(event: &'a str) -> Result<Vec<Record<'a>>> {
    let event: Event<'a> = serde_json::from_str(event).ok().context(
        "the event is not a JSON object with an array `Records`: map this function to a Kinesis stream, or send a \
         sample event",
    )?;
    let records = event.records.context("the event has no `Records`: it is not a Kinesis invocation")?;
    let records = records.0.with_context(|| {
        format!("`Records`: expected at most {MAX_ENTRIES} entries, found more; a mapping sends no more")
    })?;
    let records = records.into_iter().enumerate();
    let entry = |(index, raw): (usize, &'a RawValue)| {
        parse_entry(raw.get()).with_context(|| format!("entry {index} of `Records`"))
    };
    records.map(entry).collect()
}

/// Reads one entry of an event.
///
/// # Errors
/// When the entry is of another event source.
pub fn parse_entry(raw: &str) -> Result<Record<'_>> {
    let entry: EventEntry = match serde_json::from_str(raw) {
        Ok(entry) => entry,
        Err(error) => return Ok(malformed(raw, &error)),
    };
    // A hand-made entry may lack its source, but it has the member that only Kinesis has.
    let kinesis = entry.kinesis;
    ensure!(
        entry.event_source == KINESIS || (entry.event_source.is_empty() && kinesis.is_some()),
        "expected the event source `{KINESIS}`, found another: map this function to a Kinesis stream only",
    );
    let kinesis = kinesis.unwrap_or_default();
    Ok(Record {
        origin: Origin::Kinesis(KinesisOrigin {
            stream_arn: entry.event_source_arn,
            shard: split_event_id(entry.event_id).0,
            sequence_number: SequenceNumber::parse(kinesis.sequence_number),
            arrived_at: kinesis.approximate_arrival_timestamp.and_then(|json| Arrival::parse(json.get())),
        }),
        key: PartitionKey::parse(kinesis.partition_key),
        content: Content::Payload { base64: kinesis.data, places: Vec::new() },
    })
}

/// A malformed entry. Its stream, shard and sequence number are known at best.
fn malformed<'a>(raw: &'a str, error: &serde_json::Error) -> Record<'a> {
    let Identity { event_id, event_source_arn } = serde_json::from_str(raw).unwrap_or_default();
    let (shard, sequence_number) = split_event_id(event_id);
    // Serde's message may quote the record; its position does not. It counts from the start of the entry, because the
    // entry's own position depends on the batch.
    let position = format!("line {}, column {}", error.line(), error.column());
    Record {
        origin: Origin::Kinesis(KinesisOrigin {
            stream_arn: event_source_arn,
            shard,
            sequence_number: SequenceNumber::parse(sequence_number),
            arrived_at: None,
        }),
        key: Err(Cow::Borrowed("")),
        content: Content::Malformed { entry: Cow::Borrowed(raw), reason: Rejected::Entry(position) },
    }
}

/// Splits `shardId-000000000006:4959…` into shard and sequence number.
fn split_event_id(id: Cow<'_, str>) -> (Cow<'_, str>, Cow<'_, str>) {
    match id {
        Cow::Borrowed(id) => {
            let (shard, number) = id.split_once(':').unwrap_or((id, ""));
            (Cow::Borrowed(shard), Cow::Borrowed(number))
        }
        Cow::Owned(id) => {
            let (shard, number) = id.split_once(':').unwrap_or((&id, ""));
            (Cow::Owned(shard.to_owned()), Cow::Owned(number.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "k", "sequenceNumber": "42",
        "data": "e30=", "approximateArrivalTimestamp": 1654161514.132}, "eventSource": "aws:kinesis",
        "eventVersion": "1.0", "eventID": "shardId-000000000006:42", "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::1:role/r", "awsRegion": "eu-west-1",
        "eventSourceARN": "arn:aws:kinesis:eu-west-1:1:stream/s"}"#;

    fn event(records: &str) -> String {
        format!(r#"{{"Records": [{records}]}}"#)
    }

    fn is_malformed(record: &Record) -> bool {
        matches!(record.content, Content::Malformed { .. })
    }

    #[test]
    fn a_record_is_borrowed_from_the_event() {
        let event = event(RECORD);
        let record = parse(&event).unwrap().remove(0);
        let Origin::Kinesis(origin) = &record.origin;
        assert_eq!(origin.shard, "shardId-000000000006");
        assert_eq!(origin.sequence_number, SequenceNumber::parse("42".into()));
        assert_eq!(origin.arrived_at, Arrival::parse("1654161514.132"));
        assert_eq!(origin.stream_arn, "arn:aws:kinesis:eu-west-1:1:stream/s");
        assert_eq!(record.key_text(), "k");
        let Content::Payload { base64, places } = &record.content else { panic!("a payload") };
        assert!(matches!(base64, Cow::Borrowed("e30=")), "no allocation for the payload");
        assert!(places.is_empty(), "all documents");
    }

    #[test]
    fn a_malformed_entry_fails_alone_and_keeps_its_identity() {
        let raw = r#"{"kinesis": {"data": 7}, "eventID": "shardId-000000000006:43"}"#;
        let event = event(&format!("{RECORD}, {raw}, {RECORD}"));
        let records = parse(&event).unwrap();
        assert_eq!(records.iter().map(is_malformed).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(
            (records[1].origin.folder(), records[1].origin.position()),
            ("shardId-000000000006", "43")
        );
        let reason = Rejected::Entry("line 1, column 22".to_owned());
        assert_eq!(records[1].content, Content::Malformed { entry: raw.into(), reason });
    }

    #[test]
    fn entries_of_any_other_shape_are_malformed_not_fatal() {
        for entry in
            ["null", "7", "\"text\"", r#"{"kinesis": 7}"#, r#"{"kinesis": {"data": "a", "data": "b"}}"#]
        {
            let event = event(entry);
            let records = parse(&event).unwrap();
            assert!(records.len() == 1 && is_malformed(&records[0]), "{entry}");
        }
    }

    #[test]
    fn an_event_of_another_source_is_an_error_that_names_ours() {
        let error = |event: &str| format!("{:#}", parse(event).unwrap_err());
        let sqs = error(&event(r#"{"eventSource": "aws:sqs", "body": "secret"}"#));
        assert!(sqs.contains("aws:kinesis") && !sqs.contains("secret"), "{sqs}");
        let sns = error(&event(r#"{"EventSource": "aws:sns", "Sns": {"Message": "secret"}}"#));
        assert!(sns.contains("aws:kinesis") && !sns.contains("secret"), "{sns}");
        assert!(error(r#"{"detail-type": "Scheduled Event"}"#).contains("Records"));
        assert!(parse(r#"{"Records": 7}"#).is_err());
        assert!(parse("[]").is_err());
    }

    #[test]
    fn an_event_has_at_most_10_000_entries() {
        let entries = |count: usize| event(&vec!["0"; count].join(","));
        assert_eq!(parse(&entries(MAX_ENTRIES)).unwrap().len(), MAX_ENTRIES);
        let error = parse(&entries(MAX_ENTRIES + 1)).unwrap_err().to_string();
        assert!(error.starts_with("`Records`: expected at most 10000 entries, found more"), "{error}");
        assert!(parse(&format!("{{\"Records\": [{}", "0,".repeat(MAX_ENTRIES + 1))).is_err(), "not JSON");
    }

    #[test]
    fn an_event_without_records_is_not_an_error() {
        assert_eq!(parse(r#"{"Records": []}"#).unwrap(), []);
    }
}
