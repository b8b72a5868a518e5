//! A quarantined record as a line of JSON. The quarantine writes it, and a replay reads it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::origin::{Arrival, Origin};
use crate::record::Content;

use super::{MoreFailures, Quarantined};

/// Rejected documents that a line lists one by one, each with its id and its reason. A record may have 50 times as many,
/// and a few hundred bytes of payload can hold them.
pub const LISTED: usize = 2_000;

/// The same for a short line.
const LISTED_IN_SHORT: usize = 100;

/// A quarantined record. It holds no clock time, so another delivery of the record makes the same bytes.
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
    /// When the stream accepted the record, in seconds since the epoch: the number as the event has it.
    #[serde(borrow)]
    pub arrived_at: Option<&'a RawValue>,
    /// The model that rejected it.
    #[serde(borrow)]
    pub model: Cow<'a, str>,
    /// The model's version.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// The rejected documents of the payload, at most the first [`LISTED`].
    #[serde(borrow)]
    pub failures: Vec<FailureLine<'a>>,
    /// The others.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub more_failures: Option<MoreFailures<'a>>,
    /// The payload in base64, as the event has it.
    #[serde(borrow)]
    pub payload: Cow<'a, str>,
    /// The whole entry of the event in base64, if the entry itself could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub malformed: Option<String>,
}

/// A rejected document of a [`Line`].
#[derive(Debug, Serialize, Deserialize)]
pub struct FailureLine<'a> {
    /// The id that its result would have had.
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
    pub fn new(model: (&'a str, &'a str), quarantined: &'a Quarantined<'a>) -> Self {
        Self::listing(LISTED, model, quarantined)
    }

    /// The same line, but with fewer documents in its list, where a line may not be long.
    #[must_use]
    pub fn short(model: (&'a str, &'a str), quarantined: &'a Quarantined<'a>) -> Self {
        Self::listing(LISTED_IN_SHORT, model, quarantined)
    }

    fn listing(most: usize, (model, version): (&'a str, &'a str), quarantined: &'a Quarantined<'a>) -> Self {
        let record = quarantined.record;
        let Origin::Kinesis(origin) = &record.origin;
        let (listed, more) = quarantined.documents.split_at(quarantined.documents.len().min(most));
        let failures = listed.iter().map(|document| FailureLine {
            id: document.id,
            sub_sequence_number: document.place,
            reason: document.reason.as_ref().into(),
        });
        let (payload, malformed) = match &record.content {
            Content::Payload { base64, .. } => (base64.as_ref(), None),
            Content::Malformed { entry, .. } => {
                ("", Some(base64_simd::STANDARD.encode_to_string(entry.as_bytes())))
            }
        };
        let arrived_at = origin.arrived_at.as_ref().map(Arrival::as_json);
        Self {
            stream_arn: origin.stream_arn.as_ref().into(),
            shard: origin.shard.as_ref().into(),
            sequence_number: origin.sequence_number_text().into(),
            partition_key: record.key_text().into(),
            arrived_at: arrived_at.and_then(|number| serde_json::from_str(number).ok()),
            model: model.into(),
            version: version.into(),
            failures: failures.collect(),
            more_failures: MoreFailures::of(more),
            payload: payload.into(),
            malformed,
        }
    }

    /// Its JSON and a line feed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512 + self.payload.len());
        // Texts and numbers always have a JSON form, and writing to memory does not fail.
        let _ = serde_json::to_writer(&mut bytes, self);
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    use predictor::decode::PartitionKey;

    use crate::failure::Rejected;
    use crate::origin::{KinesisOrigin, SequenceNumber};
    use crate::quarantine::RejectedDocument;
    use crate::record::Record;

    use super::*;

    const REASON: Rejected = Rejected::Document(predictor::Rejected::Empty);

    fn line(content: Content<'static>, places: &[u32]) -> Vec<u8> {
        let record = Record {
            origin: Origin::Kinesis(KinesisOrigin {
                stream_arn: "arn:of:stream".into(),
                shard: "shardId-000000000001".into(),
                sequence_number: SequenceNumber::parse("49".into()),
                arrived_at: Arrival::parse("1.6541615141320E9"),
            }),
            key: PartitionKey::parse("k\"ä".into()),
            content,
        };
        let rejected =
            |&place| RejectedDocument { id: Uuid::max(), place, reason: REASON.to_string().into() };
        let documents = places.iter().map(rejected).collect();
        Line::new(("rides", "run"), &Quarantined { record: &record, documents }).to_bytes()
    }

    #[test]
    fn a_line_has_the_record_and_its_failures_verbatim() {
        let line = line(Content::Payload { base64: "e30=".into(), places: Vec::new() }, &[3, 7]);
        let failure = |place: u32| {
            format!(
                r#"{{"id":"ffffffff-ffff-ffff-ffff-ffffffffffff","sub_sequence_number":{place},"reason":"{REASON}"}}"#
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
    fn a_line_lists_the_first_2_000_documents_and_has_the_others_in_short() {
        let line = |count: u32| {
            let content = Content::Payload { base64: "e30=".into(), places: Vec::new() };
            let line = line(content, &(0..count).collect::<Vec<_>>());
            serde_json::from_slice::<serde_json::Value>(&line).unwrap()
        };
        assert_eq!(line(2_000)["failures"].as_array().unwrap().len(), LISTED);
        assert!(line(2_000).get("more_failures").is_none());
        let more = line(100_000);
        assert_eq!(more["failures"].as_array().unwrap().len(), LISTED);
        assert_eq!(
            more["more_failures"],
            serde_json::json!({
                "documents": 98_000,
                "reasons": [{"reason": REASON.to_string(), "documents": 98_000}],
                "sub_sequence_numbers": "2000-99999"
            })
        );
    }

    #[test]
    fn a_malformed_entry_is_kept_whole_on_one_line() {
        let entry = "{\"kinesis\": \n7}".into();
        let line = line(Content::Malformed { entry, reason: REASON }, &[0]);
        let json: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!((&json["payload"], &json["malformed"]), (&"".into(), &"eyJraW5lc2lzIjogCjd9".into()));
        assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1), "one line");
    }
}
