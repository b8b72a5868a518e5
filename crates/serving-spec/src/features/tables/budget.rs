//! Bounds the memory that the tables of a model take. A few bytes of a compressed file can ask for any amount.

use anyhow::{Result, ensure};

use super::column::ColumnBuilder;

/// The most bytes of all tables of a model: a quarter of the memory of the smallest function that `infra/` makes. A
/// table takes up to twice as much while it grows. Each
/// cell counts with its text and [`CELL_BYTES`], and each row with [`ROW_BYTES`].
pub(super) const MAX_BYTES: usize = 128 << 20;

/// The most bytes of a cell, and of a row in a text file. A result may have as many.
pub(super) const MAX_CELL: usize = 1 << 20;

/// The most bytes that are read of the files of all tables, decompressed. A file counts once for each key that it
/// is read for.
const MAX_READ: u64 = 1 << 30;

/// What a cell takes beside its text.
const CELL_BYTES: usize = 8;

/// What a row takes in the index.
const ROW_BYTES: usize = 32;

/// The bytes that tables may still take.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
    read: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MAX_BYTES, read: 0 }
    }
}

impl Budget {
    /// Counts rows, before they are read or as they are read.
    ///
    /// # Errors
    /// When the tables take too much.
    pub fn rows(&mut self, rows: usize) -> Result<()> {
        self.spend(rows.saturating_mul(ROW_BYTES))
    }

    /// Counts bytes of a file, before they are read.
    ///
    /// # Errors
    /// When too much is read.
    pub fn read(&mut self, bytes: u64) -> Result<()> {
        self.read = self.read.saturating_add(bytes);
        ensure!(
            self.read <= MAX_READ,
            "the tables of a model may have {} MiB of files, decompressed: here they have more",
            MAX_READ >> 20
        );
        Ok(())
    }

    /// Adds a cell to a column.
    ///
    /// # Errors
    /// When the cell cannot be added, or the tables take too much.
    pub fn cell(
        &mut self,
        column: &mut ColumnBuilder,
        add: impl FnOnce(&mut ColumnBuilder) -> Result<()>,
    ) -> Result<()> {
        let before = column.bytes();
        add(column)?;
        self.spend(column.bytes() - before + CELL_BYTES)
    }

    fn spend(&mut self, bytes: usize) -> Result<()> {
        ensure!(
            bytes <= self.left,
            "the tables of a model may take {} MiB, with {CELL_BYTES} bytes a cell and {ROW_BYTES} a row: \
             here they take more",
            MAX_BYTES >> 20
        );
        self.left -= bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_cells_are_counted() {
        let mut budget = Budget::default();
        budget.rows(MAX_BYTES / ROW_BYTES - 1).unwrap();
        let mut column = ColumnBuilder::default();
        let text = "x".repeat(ROW_BYTES - CELL_BYTES);
        budget
            .cell(&mut column, |column| {
                column.push(&text);
                Ok(())
            })
            .unwrap();
        let error = budget.rows(1).unwrap_err().to_string();
        assert!(error.starts_with("the tables of a model may take 128 MiB"), "{error}");
    }
}
