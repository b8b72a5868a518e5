//! Tables of the model directory, which lookups read.

mod budget;
mod column;
mod csv;
mod json_lines;
mod parquet;
mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Error, Result, bail};
use hashbrown::HashMap;
use indexmap::IndexSet;

use budget::Budget;
use column::ColumnBuilder;

pub(super) use column::TableColumn;
pub(super) use table::Table;

/// Finds a file of the model directory by its name.
pub type Files<'f> = dyn Fn(&str) -> Result<PathBuf> + 'f;

/// A file, and the columns of its key.
type Index = (String, Vec<String>);

/// The tables of a plan. Each file is read once for each key, with the columns that any feature wants.
pub(super) struct Tables<'f> {
    files: &'f Files<'f>,
    wanted: HashMap<Index, IndexSet<String>>,
    /// The tables that were read. A table that cannot be read has the reason.
    read: HashMap<Index, Result<Arc<Table>, String>>,
    budget: Budget,
}

impl<'f> Tables<'f> {
    pub fn new(files: &'f Files<'f>) -> Self {
        Self { files, wanted: HashMap::new(), read: HashMap::new(), budget: Budget::default() }
    }

    /// Announces that a feature wants `columns` of a table. Call this before [`Tables::table`].
    pub fn want(&mut self, file: &str, key: Vec<String>, columns: &[String]) {
        let wanted = self.wanted.entry((file.to_owned(), key)).or_default();
        wanted.extend(columns.iter().cloned());
    }

    /// Returns the table in `file`, indexed by the columns of `key`. It is read on the first call.
    pub fn table(&mut self, file: &str, key: Vec<String>) -> Result<Arc<Table>> {
        let index = (file.to_owned(), key);
        if let Some(table) = self.read.get(&index) {
            return table.clone().map_err(Error::msg);
        }
        let columns: Vec<String> = self.wanted.get(&index).into_iter().flatten().cloned().collect();
        let path = (self.files)(file)?;
        let wanted: Vec<&str> = index.1.iter().chain(&columns).map(String::as_str).collect();
        let table = read(&path, &wanted, &mut self.budget).and_then(|cells| Table::new(cells, &columns));
        let table = table.with_context(|| file.to_owned()).map(Arc::new);
        self.read.insert(index, table.as_ref().map(Arc::clone).map_err(|error| format!("{error:#}")));
        table
    }
}

/// Reads the wanted columns of a table.
fn read(path: &Path, wanted: &[&str], budget: &mut Budget) -> Result<Vec<ColumnBuilder>> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => csv::read(path, wanted, budget),
        Some("jsonl") => json_lines::read(path, wanted, budget),
        Some("parquet") => parquet::read(path, wanted, budget),
        _ => bail!("expected a table that ends in .csv, .jsonl or .parquet"),
    }
}
