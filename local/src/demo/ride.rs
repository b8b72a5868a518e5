//! The rides of the demonstration, and the table they are shown in.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::prediction::Prediction;

/// One ride as it is put into the stream.
#[derive(Debug)]
pub(super) struct Ride {
    pub(super) id: i64,
    pub(super) json: String,
    trip: Trip,
}

#[derive(Debug, Deserialize)]
struct Document {
    ride_id: i64,
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

impl Ride {
    /// The table's head, over the columns of [`Ride::row`].
    pub(super) const HEADER: &str = "  ride   PU → DO     miles   minutes predicted";

    /// A line of the table; `ride` is none if it is not of the file.
    pub(super) fn row(ride: Option<&Self>, prediction: &Prediction) -> String {
        let id = prediction.ride_id.map_or_else(|| "?".to_owned(), |id| id.to_string());
        let trip = ride.map_or_else(
            || format!("{:>3} → {:<3}  {:>7}", "", "", ""),
            |Self { trip, .. }| format!("{:>3} → {:<3}  {:>7.2}", trip.from, trip.to, trip.miles),
        );
        let minutes = prediction.minutes.map_or_else(|| "?".to_owned(), |minutes| format!("{minutes:.1}"));
        format!("{id:>6}  {trip}   {minutes:>7}")
    }
}

/// All rides of a file.
#[derive(Debug)]
pub(super) struct Rides {
    all: Vec<Ride>,
    by_id: BTreeMap<i64, usize>,
}

impl Rides {
    /// Reads one JSON document a line.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} has no rides", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut rides = Self { all: Vec::new(), by_id: BTreeMap::new() };
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let Document { ride_id, ride } =
                serde_json::from_str(line).with_context(|| format!("line {number} is no ride"))?;
            let double = rides.by_id.insert(ride_id, rides.all.len());
            anyhow::ensure!(double.is_none(), "line {number} repeats the ride_id {ride_id}");
            rides.all.push(Ride { id: ride_id, json: line.to_owned(), trip: ride });
        }
        Ok(rides)
    }

    pub(super) fn all(&self) -> &[Ride] {
        &self.all
    }

    pub(super) fn get(&self, id: i64) -> Option<&Ride> {
        self.by_id.get(&id).map(|index| &self.all[*index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        r#"{"ride": {"PULocationID": 130, "DOLocationID": 205, "trip_distance": 3.66}, "ride_id": 256}"#;

    #[test]
    fn rows_stand_under_their_heads() {
        let rides = Rides::parse(LINE).unwrap();
        let prediction = Prediction { ride_id: Some(256), minutes: Some(21.34), ..Prediction::default() };
        let row = Ride::row(rides.get(256), &prediction);
        assert_eq!(
            format!("{}\n{row}", Ride::HEADER),
            "  ride   PU → DO     miles   minutes predicted\n   256  130 → 205     3.66      21.3"
        );
        let unknown = Ride::row(None, &prediction);
        assert_eq!(unknown.chars().count(), row.chars().count());
    }

    #[test]
    fn a_ride_id_may_come_once() {
        let error = Rides::parse(&format!("{LINE}\n{LINE}")).unwrap_err().to_string();
        assert_eq!(error, "line 2 repeats the ride_id 256");
    }
}
