//! CSV with a header: RFC 4180, in UTF-8.

use std::path::Path;

use anyhow::{Context, Result};

use super::column::{Builder, places};

pub(super) fn read(path: &Path, wanted: &[&str]) -> Result<Vec<Builder>> {
    let mut reader = csv::Reader::from_path(path)?;
    let header: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let places = places(wanted, &header)?;
    let mut columns: Vec<Builder> = places.iter().map(|_| Builder::default()).collect();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record)? {
        for (column, place) in columns.iter_mut().zip(&places) {
            column.push(record.get(*place).context("a row is too short")?);
        }
    }
    Ok(columns)
}
