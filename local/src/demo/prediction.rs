//! A record of the output stream.

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// A record of the input stream: its shard and sequence number.
pub(super) type Place = (String, String);

/// What the demonstration reads in a result record.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Prediction {
    pub(super) id: String,
    pub(super) ride_id: Option<i64>,
    pub(super) minutes: Option<f64>,
    pub(super) place: Place,
}

#[derive(Deserialize)]
struct Document {
    id: String,
    prediction: Members,
    source: Source,
}

#[derive(Deserialize)]
struct Members {
    ride_id: Option<i64>,
    ride_duration: Option<f64>,
}

#[derive(Deserialize)]
struct Source {
    shard: String,
    sequence_number: String,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    kinesis: Kinesis,
}

#[derive(Deserialize)]
struct Kinesis {
    data: String,
}

impl Prediction {
    fn parse(data: &[u8]) -> Result<Self> {
        let Document { id, prediction, source } = serde_json::from_slice(data)
            .with_context(|| format!("no result: {}", String::from_utf8_lossy(data)))?;
        let Members { ride_id, ride_duration } = prediction;
        Ok(Self { id, ride_id, minutes: ride_duration, place: (source.shard, source.sequence_number) })
    }

    /// Reads an event whose records are predictions.
    pub(super) fn parse_event(event: &str) -> Result<Vec<Self>> {
        let Event { records } = serde_json::from_str(event).context("no event")?;
        let of = |entry: Entry| {
            let data =
                base64_simd::STANDARD.decode_to_vec(entry.kinesis.data).context("data that is not base64")?;
            Self::parse(&data)
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
            ride_id: Some(256),
            minutes: Some(21.3),
            place: ("s".to_owned(), "4963".to_owned()),
        };
        assert_eq!(Prediction::parse(record.as_bytes()).unwrap(), expected);
    }
}
