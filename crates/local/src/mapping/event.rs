//! Writes Kinesis records as a Lambda event.
//!
//! Source of the shape: <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>.

use anyhow::{Context as _, Result};
use aws_sdk_kinesis::primitives::DateTime;
use serde::{Serialize, Serializer};

/// The bytes around the records of an event.
const FRAME_BYTES: usize = OPEN.len() + CLOSE.len();
const OPEN: &str = r#"{"Records":["#;
const CLOSE: &str = "]}";

/// A record in an event: the values that decisions need, and its finished JSON.
#[derive(Clone, Debug)]
pub struct EventRecord {
    /// A decimal number. Compare it with [`super::sequence::compare`].
    pub sequence_number: String,
    /// The time when Kinesis accepted the record.
    pub arrived: DateTime,
    json: String,
}

/// The shard that records come from.
#[derive(Clone, Debug)]
pub struct ShardOrigin {
    /// The stream's ARN.
    pub stream_arn: String,
    /// The shard's id.
    pub shard: String,
}

impl EventRecord {
    /// Converts a record of `GetRecords`.
    ///
    /// # Errors
    /// When the record cannot be written as JSON.
    pub fn new(origin: &ShardOrigin, record: &aws_sdk_kinesis::types::Record) -> Result<Self> {
        let arrived = record.approximate_arrival_timestamp().copied().unwrap_or(DateTime::from_secs(0));
        let entry = EventEntry {
            kinesis: KinesisMember {
                schema_version: "1.0",
                partition_key: record.partition_key().unwrap_or_default(),
                sequence_number: record.sequence_number(),
                data: base64_simd::STANDARD.encode_to_string(record.data().as_ref()),
                approximate_arrival_timestamp: arrived.as_secs_f64(),
            },
            event_source: "aws:kinesis",
            event_version: "1.0",
            event_id: EventId(&origin.shard, record.sequence_number()),
            event_name: "aws:kinesis:record",
            invoke_identity_arn: "arn:aws:iam::000000000000:role/stream-predictor",
            aws_region: origin.stream_arn.split(':').nth(3).unwrap_or_default(),
            event_source_arn: &origin.stream_arn,
        };
        let json = serde_json::to_string(&entry).context("cannot write the record as JSON")?;
        Ok(Self { sequence_number: record.sequence_number().to_owned(), arrived, json })
    }

    /// How many bytes it takes in an event, without the comma before it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.json.len()
    }

    /// A record that has nothing but what decisions need.
    #[cfg(test)]
    pub(crate) fn bare(sequence_number: &str, arrived_secs: i64, bytes: usize) -> Self {
        let arrived = DateTime::from_secs(arrived_secs);
        Self { sequence_number: sequence_number.to_owned(), arrived, json: "x".repeat(bytes) }
    }
}

/// Returns the size of an event of these records, in bytes.
#[must_use]
pub fn event_bytes(records: &[EventRecord]) -> usize {
    FRAME_BYTES + records.iter().map(EventRecord::bytes).sum::<usize>() + records.len().saturating_sub(1)
}

/// Returns the whole event, of exactly [`event_bytes`] bytes.
#[must_use]
pub fn event(records: &[EventRecord]) -> String {
    let mut event = String::with_capacity(event_bytes(records));
    event.push_str(OPEN);
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            event.push(',');
        }
        event.push_str(&record.json);
    }
    event.push_str(CLOSE);
    event
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventEntry<'a> {
    kinesis: KinesisMember<'a>,
    event_source: &'a str,
    event_version: &'a str,
    #[serde(rename = "eventID")]
    event_id: EventId<'a>,
    event_name: &'a str,
    invoke_identity_arn: &'a str,
    aws_region: &'a str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KinesisMember<'a> {
    #[serde(rename = "kinesisSchemaVersion")]
    schema_version: &'a str,
    partition_key: &'a str,
    sequence_number: &'a str,
    data: String,
    approximate_arrival_timestamp: f64,
}

/// Writes `shardId-…:<sequence number>`.
struct EventId<'a>(&'a str, &'a str);

impl Serialize for EventId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}:{}", self.0, self.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Vec<EventRecord> {
        let origin = ShardOrigin {
            stream_arn: "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream".to_owned(),
            shard: "shardId-000000000006".to_owned(),
        };
        let of = |sequence_number: &str, data: &str| {
            let record = aws_sdk_kinesis::types::Record::builder()
                .sequence_number(sequence_number)
                .partition_key("k\"1")
                .data(data.as_bytes().to_vec().into())
                .approximate_arrival_timestamp(DateTime::from_millis(1_545_084_650_987))
                .build()
                .unwrap();
            EventRecord::new(&origin, &record).unwrap()
        };
        vec![
            of("49590338271490256608559692538361571095921575989136588898", "Hello, this is a test."),
            of("7", ""),
        ]
    }

    #[test]
    fn the_event_has_the_documented_shape() {
        let event: serde_json::Value = serde_json::from_str(&event(&records())).unwrap();
        let expected = serde_json::json!({
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "k\"1",
                "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
                "data": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
                "approximateArrivalTimestamp": 1_545_084_650.987,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": "shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::000000000000:role/stream-predictor",
            "awsRegion": "us-east-2",
            "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream",
        });
        assert_eq!(event["Records"][0], expected);
        assert_eq!(event["Records"][1]["kinesis"]["data"], "");
    }

    #[test]
    fn the_size_is_known_before_the_event_is_built() {
        let records = records();
        for count in 0..=2 {
            assert_eq!(event_bytes(&records[..count]), event(&records[..count]).len());
        }
    }
}
