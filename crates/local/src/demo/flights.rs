//! Flights, and the table that shows each prediction beside the actual delay.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::prediction::Prediction;
use super::records::{DemoRecord, RecordFile};
use super::system::System;

/// Number of flights to put.
const COUNT: usize = 500;

const ID: &str = "flight_id";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Flight {
    dest: String,
    dep_delay: f64,
}

/// Predicts how late a flight arrives, as a class.
#[derive(Debug)]
pub(super) struct Flights {
    records: RecordFile<Flight>,
    /// The actual class of each flight.
    truth: BTreeMap<String, String>,
    /// Whether the prediction of each flight was right.
    right: BTreeMap<String, bool>,
}

impl Flights {
    /// Reads one JSON document per line, and `truth.csv` in the same folder, with the columns
    /// `flight_id,delay`.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let records = RecordFile::read(path, ID, COUNT)?;
        let path = path.with_file_name("truth.csv");
        let truth =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self::new(records, &truth))
    }

    fn new(records: RecordFile<Flight>, truth: &str) -> Self {
        let pairs = truth.lines().skip(1).filter_map(|line| line.split_once(','));
        let truth = pairs.map(|(id, delay)| (id.to_owned(), delay.to_owned())).collect();
        Self { records, truth, right: BTreeMap::new() }
    }

    /// Returns the accuracy so far, in per cent.
    fn accuracy(&self) -> Option<f64> {
        let right = self.right.values().filter(|right| **right).count();
        (!self.right.is_empty()).then(|| 100.0 * ratio(right, self.right.len()))
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53 flights")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

impl System for Flights {
    fn noun(&self) -> &'static str {
        "flight"
    }

    fn id_member(&self) -> &'static str {
        ID
    }

    /// Takes flights from the whole file, to show the whole month.
    fn records(&self) -> Vec<DemoRecord> {
        let all = self.records.all();
        all.iter().step_by((all.len() / COUNT).max(1)).take(COUNT).cloned().collect()
    }

    fn header(&self) -> &'static str {
        "flight                  to   departed   predicted        arrived    right so far"
    }

    fn row(&mut self, prediction: &Prediction) -> String {
        let id = prediction.record_id.as_deref();
        let delay = prediction.members["delay"].as_str().unwrap_or("?");
        let probability = prediction.members["probability"][delay].as_f64();
        let probability = probability.map_or_else(String::new, |p| format!("{:.0} %", 100.0 * p));
        let flight = self.records.get(id).map_or_else(
            || format!("{:<3}  {:>8}", "", ""),
            |flight| format!("{:<3}  {:>+4} min", flight.dest, flight.dep_delay),
        );
        let truth = id.and_then(|id| Some((id, self.truth.get(id)?)));
        if let Some((id, truth)) = truth {
            self.right.insert(id.to_owned(), truth == delay);
        }
        let accuracy = self.accuracy().map_or_else(String::new, |accuracy| format!("{accuracy:.1} %"));
        let truth = truth.map_or("?", |(_, truth)| truth);
        format!(
            "{:<22}  {flight}   {delay:<9} {probability:>5}  {truth:<9}  {accuracy:>12}",
            id.unwrap_or("?")
        )
    }

    fn summary(&self) -> Option<String> {
        let accuracy = self.accuracy()?;
        Some(format!("{accuracy:.1} % of {} flights in the right class", self.right.len()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn flights() -> Flights {
        let lines = "{\"flight_id\": \"2013-12-01-LGA-UA1441\", \"Dest\": \"IAH\", \"DepDelay\": 1.0}\n\
            {\"flight_id\": \"2013-12-02-JFK-B6101\", \"Dest\": \"MCO\", \"DepDelay\": -4.0}";
        let truth = "flight_id,delay\n2013-12-01-LGA-UA1441,on time\n2013-12-02-JFK-B6101,early\n";
        Flights::new(RecordFile::parse(lines, ID).unwrap(), truth)
    }

    fn prediction(id: &str) -> Prediction {
        Prediction {
            record_id: Some(id.to_owned()),
            members: json!({"delay": "on time", "probability": {"on time": 0.3746}}),
            ..Prediction::default()
        }
    }

    #[test]
    fn rows_line_up_with_the_header_and_count_the_right_ones() {
        let mut flights = flights();
        assert_eq!(flights.summary(), None);
        let [first, second, again, unknown] =
            ["2013-12-01-LGA-UA1441", "2013-12-02-JFK-B6101", "2013-12-02-JFK-B6101", "mine"]
                .map(|id| flights.row(&prediction(id)));
        assert_eq!(
            format!("{}\n{first}\n{second}\n{unknown}", flights.header()),
            "flight                  to   departed   predicted        arrived    right so far
2013-12-01-LGA-UA1441   IAH    +1 min   on time    37 %  on time         100.0 %
2013-12-02-JFK-B6101    MCO    -4 min   on time    37 %  early            50.0 %
mine                                    on time    37 %  ?                50.0 %"
        );
        assert_eq!(again, second, "a duplicate prediction counts once");
        assert_eq!(flights.summary().unwrap(), "50.0 % of 2 flights in the right class");
    }

    #[test]
    fn the_flights_come_from_the_whole_file() {
        let lines =
            (0..1250).map(|n| format!("{{\"flight_id\": {n}, \"Dest\": \"IAH\", \"DepDelay\": 1}}\n"));
        let flights = Flights::new(RecordFile::parse(&lines.collect::<String>(), ID).unwrap(), "");
        let records = flights.records();
        assert_eq!(records.len(), COUNT);
        assert_eq!(records[COUNT - 1].id, "998");
    }
}
