//! CSV tables with a header, in UTF-8 (RFC 4180).

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, Result, ensure};

use super::budget::{Budget, MAX_CELL};
use super::column::{ColumnBuilder, places};

/// Reads the wanted columns.
pub(super) fn read(path: &Path, wanted: &[&str], budget: &mut Budget) -> Result<Vec<ColumnBuilder>> {
    let since = Rc::new(Cell::new(0));
    let file = File::open(path)?;
    budget.read(file.metadata()?.len())?;
    let file = Metered { inner: file, since: Rc::clone(&since) };
    let mut reader = csv::Reader::from_reader(file);
    let header: Vec<&str> = reader.headers()?.iter().collect();
    let places = places(wanted, &header)?;
    let mut columns: Vec<ColumnBuilder> = places.iter().map(|_| ColumnBuilder::default()).collect();
    let mut record = csv::StringRecord::new();
    since.set(0);
    while reader.read_record(&mut record)? {
        since.set(0);
        ensure!(record.as_slice().len() <= MAX_CELL, "a row has more than {MAX_CELL} bytes");
        budget.rows(1)?;
        for (column, place) in columns.iter_mut().zip(&places) {
            let cell = record.get(*place).context("a row is too short")?;
            budget.cell(column, |column| {
                column.push(cell);
                Ok(())
            })?;
        }
    }
    Ok(columns)
}

/// A file that fails within a row that is too large, so that it is not held as a whole.
struct Metered {
    inner: File,
    /// The bytes that were read since the last row.
    since: Rc<Cell<usize>>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since.get() > MAX_CELL {
            return Err(io::Error::other(format!("a row has more than {MAX_CELL} bytes")));
        }
        let read = self.inner.read(buffer)?;
        self.since.set(self.since.get() + read);
        Ok(read)
    }
}
