//! The systems that can be shown, and what the demonstration asks of one.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::ValueEnum;

use super::flights::Flights;
use super::prediction::Prediction;
use super::records::DemoRecord;
use super::rides::Rides;

/// A system of a model and records for it.
pub(super) trait System {
    /// What a record is, in one word.
    fn noun(&self) -> &'static str;
    /// The member of a prediction that echoes the record's id.
    fn id_member(&self) -> &'static str;
    /// What is put into the stream, in order.
    fn records(&self) -> Vec<DemoRecord>;
    /// The table's head, over the columns of [`System::row`].
    fn header(&self) -> &'static str;
    /// A line of the table.
    fn row(&mut self, prediction: &Prediction) -> String;
    /// What the predictions come to, if there is something to say.
    fn summary(&self) -> Option<String>;
}

/// The systems by name.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Name {
    /// How many minutes a taxi ride takes
    #[default]
    Rides,
    /// How late a flight arrives
    Flights,
}

impl Name {
    /// The image of the bucket with the model.
    pub(super) fn models(self) -> PathBuf {
        match self {
            Self::Rides => "tests/fixtures/mlflow3",
            Self::Flights => "target/fixtures/flights/models",
        }
        .into()
    }

    /// Reads the records of a file.
    ///
    /// # Errors
    /// When there are none, or not enough.
    pub(super) fn read(self, records: Option<&Path>) -> Result<Box<dyn System>> {
        Ok(match self {
            Self::Rides => Box::new(Rides::read(records.unwrap_or(Path::new("tests/fixtures/rides.jsonl")))?),
            Self::Flights => Box::new(Flights::read(
                records.unwrap_or(Path::new("target/fixtures/flights/flights.jsonl")),
            )?),
        })
    }
}
