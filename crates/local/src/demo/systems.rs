//! The list of systems that can be shown.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::ValueEnum;

use super::flights::Flights;
use super::rides::Rides;
use super::system::System;

/// The systems by name.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum SystemName {
    /// How many minutes a taxi ride takes
    #[default]
    Rides,
    /// How late a flight arrives
    Flights,
}

impl SystemName {
    /// Returns the folder with a copy of the bucket that holds the model.
    pub(super) fn models(self) -> PathBuf {
        match self {
            Self::Rides => "tests/fixtures/mlflow3",
            Self::Flights => "target/fixtures/flights/models",
        }
        .into()
    }

    /// Reads the records from a file, by default the system's own.
    ///
    /// # Errors
    /// When the file cannot be read, or has too few records.
    pub(super) fn read(self, records: Option<&Path>) -> Result<Box<dyn System>> {
        Ok(match self {
            Self::Rides => Box::new(Rides::read(records.unwrap_or(Path::new("tests/fixtures/rides.jsonl")))?),
            Self::Flights => Box::new(Flights::read(
                records.unwrap_or(Path::new("target/fixtures/flights/flights.jsonl")),
            )?),
        })
    }
}
