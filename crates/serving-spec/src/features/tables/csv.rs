//! CSV tables with a header, in UTF-8 (RFC 4180).

use std::path::Path;

use anyhow::{Context, Result};

use super::column::{ColumnBuilder, places};

/// Reads the wanted columns.
pub(super) fn read(path: &Path, wanted: &[&str]) -> Result<Vec<ColumnBuilder>> {
    let mut reader = csv::Reader::from_path(path)?;
    let header: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let places = places(wanted, &header)?;
    let mut columns: Vec<ColumnBuilder> = places.iter().map(|_| ColumnBuilder::default()).collect();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record)? {
        for (column, place) in columns.iter_mut().zip(&places) {
            column.push(record.get(*place).context("a row is too short")?);
        }
    }
    Ok(columns)
}
