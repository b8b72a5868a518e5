//! The invocation event of a Kinesis event source mapping, borrowed from its JSON text.
//!
//! Shape: <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>. A function that can't read its event
//! fails the whole batch, so records are read one by one, and one that is malformed fails alone.

use std::borrow::Cow;
use std::cmp::Ordering;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::Rejected;

/// The `eventSource` of a Kinesis stream.
const KINESIS: &str = "aws:kinesis";

/// One record of the event, as it was put on the input stream.
///
/// AWS gives every member; hand-made events may lack all but the payload, and then only a test run takes them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record<'a> {
    /// ARN of the input stream.
    pub stream_arn: Cow<'a, str>,
    /// The shard, `shardId-…`.
    pub shard: Cow<'a, str>,
    /// Decimal digits, up to 128 of them; unique in its shard.
    pub sequence_number: Cow<'a, str>,
    /// 1 to 256 characters.
    pub partition_key: Cow<'a, str>,
    /// When the stream took the record, in seconds since the epoch: the JSON number as it stands in the event.
    pub arrived_at: Option<&'a str>,
    /// The payload in base64.
    pub data: Cow<'a, str>,
    /// Of the payload's documents, those that are meant, by their places; all of them if it is empty.
    ///
    /// Kinesis has no such member: a replay brings the documents that were quarantined, and no others.
    pub sub_sequence_numbers: Vec<u32>,
    /// The whole entry as it stands in the event, if it is malformed.
    pub malformed: Option<&'a str>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "Records", borrow)]
    records: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow)]
    kinesis: Option<Kinesis<'a>>,
    #[serde(borrow)]
    event_source: Cow<'a, str>,
    #[serde(rename = "eventID", borrow)]
    event_id: Cow<'a, str>,
    #[serde(rename = "eventSourceARN", borrow)]
    event_source_arn: Cow<'a, str>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Kinesis<'a> {
    #[serde(borrow)]
    partition_key: Cow<'a, str>,
    #[serde(borrow)]
    sequence_number: Cow<'a, str>,
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(borrow)]
    approximate_arrival_timestamp: Option<&'a RawValue>,
    sub_sequence_numbers: Vec<u32>,
}

/// What can be told of a malformed entry, so that it can be named.
#[derive(Deserialize, Default)]
struct Identity<'a> {
    #[serde(rename = "eventID", borrow)]
    event_id: Cow<'a, str>,
    #[serde(rename = "eventSourceARN", borrow, default)]
    event_source_arn: Cow<'a, str>,
}

/// An entry that could not be read, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Malformed<'a> {
    /// Only its entry is sure to be known, and at best its stream, shard and sequence number.
    pub record: Record<'a>,
    /// Why it could not be read.
    pub rejected: Rejected,
}

/// Reads an event: its records in order, each either whole or malformed.
///
/// # Errors
/// When the event is no Kinesis invocation at all: no `Records`, or a record of another event source.
pub fn parse(event: &str) -> Result<Vec<Result<Record<'_>, Malformed<'_>>>> {
    let event: Event = serde_json::from_str(event).ok().context(
        "the event is no JSON object with an array `Records`, as a Kinesis event source mapping sends it",
    )?;
    let records = event.records.context("the event has no `Records`: it is no Kinesis invocation")?;
    records.into_iter().enumerate().map(|(index, raw)| parse_entry(index, raw.get())).collect()
}

fn parse_entry(index: usize, raw: &str) -> Result<Result<Record<'_>, Malformed<'_>>> {
    let entry: Entry = match serde_json::from_str(raw) {
        Ok(entry) => entry,
        Err(error) => {
            let Identity { event_id, event_source_arn } = serde_json::from_str(raw).unwrap_or_default();
            let (shard, sequence_number) = split_event_id(&event_id);
            return Ok(Err(Malformed {
                record: Record {
                    shard: Cow::Owned(shard.to_owned()),
                    sequence_number: Cow::Owned(sequence_number.to_owned()),
                    stream_arn: event_source_arn,
                    malformed: Some(raw),
                    ..Record::default()
                },
                // Serde's message may quote the record; its place does not. The entry's own place depends on the batch.
                rejected: Rejected::Envelope(format!("line {}, column {}", error.line(), error.column())),
            }));
        }
    };
    // A hand-made event may not say its source, but has what only Kinesis has.
    let kinesis = entry.kinesis;
    ensure!(
        entry.event_source == KINESIS || (entry.event_source.is_empty() && kinesis.is_some()),
        "entry {index} of `Records` has another event source than `{KINESIS}`: map this function to a Kinesis stream only",
    );
    let shard = match entry.event_id {
        Cow::Borrowed(id) => Cow::Borrowed(split_event_id(id).0),
        Cow::Owned(id) => Cow::Owned(split_event_id(&id).0.to_owned()),
    };
    let kinesis = kinesis.unwrap_or_default();
    Ok(Ok(Record {
        stream_arn: entry.event_source_arn,
        shard,
        sequence_number: kinesis.sequence_number,
        partition_key: kinesis.partition_key,
        arrived_at: kinesis.approximate_arrival_timestamp.map(RawValue::get).filter(|json| is_number(json)),
        data: kinesis.data,
        sub_sequence_numbers: kinesis.sub_sequence_numbers,
        malformed: None,
    }))
}

/// `shardId-000000000006:4959…` to shard and sequence number.
fn split_event_id(id: &str) -> (&str, &str) {
    id.split_once(':').unwrap_or((id, ""))
}

fn is_number(json: &str) -> bool {
    json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// Orders sequence numbers by their numeric value: they are decimal strings of differing lengths.
#[must_use]
pub fn compare_sequence_numbers(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Whether Lambda would take it as an `itemIdentifier`: 1 to 128 decimal digits.
#[must_use]
pub fn is_sequence_number(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
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

    #[test]
    fn a_record_is_borrowed_from_the_event() {
        let event = event(RECORD);
        let record = parse(&event).unwrap().remove(0).unwrap();
        assert_eq!(record.shard, "shardId-000000000006");
        assert_eq!(record.sequence_number, "42");
        assert_eq!(record.partition_key, "k");
        assert_eq!(record.arrived_at, Some("1654161514.132"));
        assert_eq!(record.stream_arn, "arn:aws:kinesis:eu-west-1:1:stream/s");
        assert!(matches!(record.data, Cow::Borrowed("e30=")), "no allocation for the payload");
    }

    #[test]
    fn a_malformed_entry_fails_alone_and_keeps_its_identity() {
        let event = event(&format!(
            r#"{RECORD}, {{"kinesis": {{"data": 7}}, "eventID": "shardId-000000000006:43"}}, {RECORD}"#
        ));
        let records = parse(&event).unwrap();
        assert!(records[0].is_ok() && records[2].is_ok());
        let malformed = records[1].as_ref().unwrap_err();
        assert_eq!(malformed.record.sequence_number, "43");
        assert_eq!(malformed.record.shard, "shardId-000000000006");
        assert_eq!(
            malformed.record.malformed,
            Some(r#"{"kinesis": {"data": 7}, "eventID": "shardId-000000000006:43"}"#)
        );
        assert_eq!(malformed.rejected, Rejected::Envelope("line 1, column 22".to_owned()));
    }

    #[test]
    fn a_replay_names_the_documents_it_means() {
        let event = event(&RECORD.replace("\"data\"", "\"subSequenceNumbers\": [3, 7], \"data\""));
        assert_eq!(parse(&event).unwrap()[0].as_ref().unwrap().sub_sequence_numbers, [3, 7]);
    }

    #[test]
    fn entries_of_any_other_shape_are_malformed_not_fatal() {
        for entry in
            ["null", "7", "\"text\"", r#"{"kinesis": 7}"#, r#"{"kinesis": {"data": "a", "data": "b"}}"#]
        {
            let event = event(entry);
            let records = parse(&event).unwrap();
            assert!(records.len() == 1 && records[0].is_err(), "{entry}");
        }
    }

    #[test]
    fn an_event_of_another_source_is_an_error_that_names_ours() {
        let sqs = event(r#"{"eventSource": "aws:sqs", "body": "secret"}"#);
        let error = parse(&sqs).unwrap_err().to_string();
        assert!(error.contains("aws:kinesis") && !error.contains("secret"), "{error}");
        let sns = event(r#"{"EventSource": "aws:sns", "Sns": {"Message": "secret"}}"#);
        assert!(parse(&sns).unwrap_err().to_string().contains("aws:kinesis"));
        assert!(parse(r#"{"detail-type": "Scheduled Event"}"#).unwrap_err().to_string().contains("Records"));
        assert!(parse(r#"{"Records": 7}"#).is_err());
        assert!(parse("[]").is_err());
    }

    #[test]
    fn no_records_are_no_error() {
        assert_eq!(parse(r#"{"Records": []}"#).unwrap(), []);
    }

    #[test]
    fn sequence_numbers_compare_as_numbers() {
        assert_eq!(compare_sequence_numbers("9", "10"), Ordering::Less);
        assert_eq!(compare_sequence_numbers("0010", "9"), Ordering::Greater);
        assert_eq!(
            compare_sequence_numbers(
                "49590338271490256608559692540925702759324208523137515618",
                "49590338271490256608559692538361571095921575989136588898"
            ),
            Ordering::Greater
        );
        assert_eq!(compare_sequence_numbers("007", "7"), Ordering::Equal);
    }

    #[test]
    fn a_sequence_number_is_digits_within_bounds() {
        assert!(is_sequence_number("0") && is_sequence_number(&"9".repeat(128)));
        assert!(
            !is_sequence_number("") && !is_sequence_number(&"9".repeat(129)) && !is_sequence_number("4x")
        );
    }
}
