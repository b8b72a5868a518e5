//! Reads the records of the output stream.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;

use super::records;

/// The shard and the sequence number of an input record.
pub(super) type Place = (String, String);

/// The members of a result record that the demonstration reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Prediction {
    pub(super) id: String,
    /// The id of the input record, as the prediction repeats it.
    pub(super) record_id: Option<String>,
    /// The result's `prediction`.
    pub(super) members: Value,
    pub(super) place: Place,
}

#[derive(Deserialize)]
struct ResultRecord {
    id: String,
    prediction: Value,
    source: Source,
}

#[derive(Deserialize)]
struct Source {
    shard: String,
    sequence_number: String,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<ResultEntry>,
}

#[derive(Deserialize)]
struct ResultEntry {
    kinesis: ResultData,
}

#[derive(Deserialize)]
struct ResultData {
    data: String,
}

impl Prediction {
    fn parse(data: &[u8], id_member: &str) -> Result<Self> {
        let ResultRecord { id, prediction: members, source } = serde_json::from_slice(data)
            .with_context(|| format!("this is not a result: {}", String::from_utf8_lossy(data)))?;
        let record_id = records::id(&members[id_member]);
        Ok(Self { id, record_id, members, place: (source.shard, source.sequence_number) })
    }

    /// Reads an event whose records are predictions. The member `id_member` holds the input record's id.
    pub(super) fn parse_event(event: &str, id_member: &str) -> Result<Vec<Self>> {
        let Event { records } = serde_json::from_str(event).context("cannot read the event")?;
        let of = |entry: ResultEntry| {
            let data =
                base64_simd::STANDARD.decode_to_vec(entry.kinesis.data).context("the data is not base64")?;
            Self::parse(&data, id_member)
        };
        records.into_iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_record_is_read() {
        let record = r#"{"id": "u", "model": "m", "version": "r", "prediction": {"ride_duration": 21.3, "ride_id": 256},
            "source": {"shard": "s", "sequence_number": "4963", "arrived_at": 1654161514.132}}"#;
        let expected = Prediction {
            id: "u".to_owned(),
            record_id: Some("256".to_owned()),
            members: serde_json::json!({"ride_duration": 21.3, "ride_id": 256}),
            place: ("s".to_owned(), "4963".to_owned()),
        };
        assert_eq!(Prediction::parse(record.as_bytes(), "ride_id").unwrap(), expected);
    }
}
