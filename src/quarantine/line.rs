//! A quarantined record as a line of JSON: written by the quarantine, read by a replay.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Quarantined;

/// A quarantined record. There is no clock time in it, so another delivery of the record makes the same bytes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line<'a> {
    /// ARN of the input stream.
    #[serde(borrow)]
    pub stream_arn: Cow<'a, str>,
    /// The shard.
    #[serde(borrow)]
    pub shard: Cow<'a, str>,
    /// The sequence number in that shard.
    #[serde(borrow)]
    pub sequence_number: Cow<'a, str>,
    /// The partition key, valid or not.
    #[serde(borrow)]
    pub partition_key: Cow<'a, str>,
    /// When the stream took the record, in seconds since the epoch: the number as it stands in the event.
    #[serde(borrow)]
    pub arrived_at: Option<&'a RawValue>,
    /// The model that it was rejected by.
    #[serde(borrow)]
    pub model: Cow<'a, str>,
    /// The model's version.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// The documents of the payload that were rejected.
    #[serde(borrow)]
    pub failures: Vec<FailureLine<'a>>,
    /// The payload in base64, as it stands in the event.
    #[serde(borrow)]
    pub payload: Cow<'a, str>,
    /// The whole entry of the event in base64, if the entry itself could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub malformed: Option<String>,
}

/// A rejected document of a [`Line`].
#[derive(Debug, Serialize, Deserialize)]
pub struct FailureLine<'a> {
    /// What its prediction's id would have been.
    pub id: Uuid,
    /// Its place in the payload.
    pub sub_sequence_number: u32,
    /// Why it was rejected.
    #[serde(borrow)]
    pub reason: Cow<'a, str>,
}

impl<'a> Line<'a> {
    /// The line for a record that the model of that name and version rejects.
    #[must_use]
    pub fn new((model, version): (&'a str, &'a str), quarantined: &'a Quarantined<'a>) -> Self {
        let record = quarantined.record;
        let failures = quarantined.failures.iter().map(|failure| FailureLine {
            id: failure.id,
            sub_sequence_number: failure.sub_sequence,
            reason: failure.reason.to_string().into(),
        });
        Self {
            stream_arn: record.stream_arn.as_ref().into(),
            shard: record.shard.as_ref().into(),
            sequence_number: record.sequence_number.as_ref().into(),
            partition_key: record.partition_key.as_ref().into(),
            arrived_at: record.arrived_at.and_then(|number| serde_json::from_str(number).ok()),
            model: model.into(),
            version: version.into(),
            failures: failures.collect(),
            payload: record.data.as_ref().into(),
            malformed: record.malformed.map(|entry| base64_simd::STANDARD.encode_to_string(entry)),
        }
    }

    /// Its JSON and a line feed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512 + self.payload.len());
        // Neither texts and numbers nor writing to memory can fail.
        let _ = serde_json::to_writer(&mut bytes, self);
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    use crate::event::Record;
    use crate::quarantine::Failure;
    use serving_spec::Rejected;

    use super::*;

    fn record() -> Record<'static> {
        Record {
            stream_arn: "arn:of:stream".into(),
            shard: "shardId-000000000001".into(),
            sequence_number: "49".into(),
            partition_key: "k\"ä".into(),
            arrived_at: Some("1.6541615141320E9"),
            data: "e30=".into(),
            ..Record::default()
        }
    }

    #[test]
    fn a_line_has_the_record_and_its_failures_as_they_stand() {
        let (record, reason) = (record(), Rejected::NotAnObject.into());
        let failures = [3, 7].map(|sub_sequence| Failure { id: Uuid::max(), sub_sequence, reason: &reason });
        let quarantined = Quarantined { record: &record, failures: failures.to_vec() };
        let line = Line::new(("rides", "run"), &quarantined).to_bytes();
        let failure = |place: u32| {
            format!(
                r#"{{"id":"ffffffff-ffff-ffff-ffff-ffffffffffff","sub_sequence_number":{place},"reason":"the payload is JSON but not an object"}}"#
            )
        };
        assert_eq!(
            String::from_utf8(line.clone()).unwrap(),
            [
                r#"{"stream_arn":"arn:of:stream","shard":"shardId-000000000001","sequence_number":"49","#,
                r#""partition_key":"k\"ä","arrived_at":1.6541615141320E9,"model":"rides","version":"run","#,
                &format!(r#""failures":[{},{}],"payload":"e30="}}"#, failure(3), failure(7)),
                "\n"
            ]
            .concat()
        );
        let read: Line = serde_json::from_slice(&line).unwrap();
        assert_eq!(read.to_bytes(), line);
    }

    #[test]
    fn what_is_not_known_is_null_and_a_malformed_entry_is_kept_whole() {
        let record = Record { malformed: Some("{\"kinesis\": \n7}"), ..Record::default() };
        let quarantined = Quarantined { record: &record, failures: vec![] };
        let line = Line::new(("m", "v"), &quarantined).to_bytes();
        let json: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(json["arrived_at"], serde_json::Value::Null);
        assert_eq!(json["malformed"], "eyJraW5lc2lzIjogCjd9");
        assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1), "one line");
    }
}
