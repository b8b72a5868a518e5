//! Taxi rides, and the table that shows them.

use std::path::Path;

use anyhow::Result;
use serde::Deserialize;

use super::prediction::Prediction;
use super::records::{DemoRecord, RecordFile};
use super::system::System;

/// Number of rides to put.
const COUNT: usize = 105;

const ID: &str = "ride_id";

#[derive(Debug, Deserialize)]
struct Ride {
    ride: Trip,
}

#[derive(Debug, Deserialize)]
struct Trip {
    #[serde(rename = "PULocationID")]
    from: i64,
    #[serde(rename = "DOLocationID")]
    to: i64,
    #[serde(rename = "trip_distance")]
    miles: f64,
}

/// Predicts how many minutes a ride takes.
#[derive(Debug)]
pub(super) struct Rides(RecordFile<Ride>);

impl Rides {
    /// Reads one JSON document per line.
    pub(super) fn read(path: &Path) -> Result<Self> {
        Ok(Self(RecordFile::read(path, ID, COUNT)?))
    }
}

impl System for Rides {
    fn noun(&self) -> &'static str {
        "ride"
    }

    fn id_member(&self) -> &'static str {
        ID
    }

    fn records(&self) -> Vec<DemoRecord> {
        self.0.all().iter().take(COUNT).cloned().collect()
    }

    fn header(&self) -> &'static str {
        "  ride   PU → DO     miles   minutes predicted"
    }

    fn row(&mut self, prediction: &Prediction) -> String {
        let id = prediction.record_id.as_deref();
        let trip = self.0.get(id).map_or_else(
            || format!("{:>3} → {:<3}  {:>7}", "", "", ""),
            |Ride { ride }| format!("{:>3} → {:<3}  {:>7.2}", ride.from, ride.to, ride.miles),
        );
        let minutes = prediction.members["ride_duration"].as_f64();
        let minutes = minutes.map_or_else(|| "?".to_owned(), |minutes| format!("{minutes:.1}"));
        format!("{:>6}  {trip}   {minutes:>7}", id.unwrap_or("?"))
    }

    fn summary(&self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LINE: &str =
        r#"{"ride": {"PULocationID": 130, "DOLocationID": 205, "trip_distance": 3.66}, "ride_id": 256}"#;

    #[test]
    fn rows_line_up_with_the_header() {
        let mut rides = Rides(RecordFile::parse(LINE, ID).unwrap());
        let mut prediction = Prediction {
            record_id: Some("256".to_owned()),
            members: json!({"ride_duration": 21.34}),
            ..Prediction::default()
        };
        let row = rides.row(&prediction);
        assert_eq!(
            format!("{}\n{row}", rides.header()),
            "  ride   PU → DO     miles   minutes predicted\n   256  130 → 205     3.66      21.3"
        );
        prediction.record_id = Some("257".to_owned());
        assert_eq!(rides.row(&prediction).chars().count(), row.chars().count());
    }
}
