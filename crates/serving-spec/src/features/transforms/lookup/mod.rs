//! Values looked up in a table of the model directory.

mod column;
mod csv;
mod json_lines;
mod parquet;
mod table;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use hashbrown::HashMap;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Compile, Transform};
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, each, one};
use crate::features::operand::{Operand, Source};
use crate::features::step::Compute;
use crate::features::value::{Problem, Row, Text, Type, Value};
use crate::rejected::Rejected;

use column::{Builder, Column};
use table::Table;

/// Columns that a key may have.
const MAX_KEYS: usize = 8;

/// Columns of the row of a table that has the record's key.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// A file of the model directory: `.csv`, `.jsonl` or `.parquet`.
    lookup: String,
    /// The columns of the key, and the text that each is compared with.
    by: IndexMap<String, Operand>,
    /// The column whose value is taken.
    value: Option<String>,
    /// Instead: several columns.
    values: Option<Vec<String>>,
}

/// The tables that were read, by their files and the columns of their keys.
#[derive(Debug, Default)]
pub(in crate::features) struct Tables(HashMap<(String, Vec<String>), Arc<Table>>);

/// Finds the record's row. Features that look up the same share what was found.
struct Probe {
    table: Arc<Table>,
    keys: Vec<Source>,
    /// Of the place that was found, and behind it of the record for which it was.
    register: usize,
}

impl Lookup {
    fn columns(&self) -> Result<&[String]> {
        match (&self.value, &self.values) {
            (Some(value), None) => Ok(std::slice::from_ref(value)),
            (None, Some(values)) if !values.is_empty() => Ok(values),
            _ => bail!("give either `value` or `values`"),
        }
    }

    /// The columns of the key.
    fn key(&self) -> Vec<String> {
        self.by.keys().cloned().collect()
    }

    fn table(&self, scope: &mut Scope) -> Result<Arc<Table>> {
        let name = (self.lookup.clone(), self.key());
        if let Some(table) = scope.tables.0.get(&name) {
            return Ok(table.clone());
        }
        // All that any feature wants of the table.
        let lookups = scope.transforms().filter_map(|transform| match transform {
            Transform::Lookup(lookup) if lookup.lookup == self.lookup && lookup.key() == name.1 => {
                Some(lookup)
            }
            _ => None,
        });
        let mut values: Vec<String> = Vec::new();
        for column in lookups.map(Lookup::columns).collect::<Result<Vec<_>>>()?.into_iter().flatten() {
            if !values.contains(column) {
                values.push(column.clone());
            }
        }
        let path = scope.file(&self.lookup)?;
        let wanted: Vec<&str> = name.1.iter().chain(&values).map(String::as_str).collect();
        let table = read(&path, &wanted).and_then(|columns| Table::new(columns, &values));
        let table = Arc::new(table.with_context(|| self.lookup.clone())?);
        scope.tables.0.insert(name, table.clone());
        Ok(table)
    }
}

/// The wanted columns of a table.
fn read(path: &Path, wanted: &[&str]) -> Result<Vec<Builder>> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => csv::read(path, wanted),
        Some("jsonl") => json_lines::read(path, wanted),
        Some("parquet") => parquet::read(path, wanted),
        _ => bail!("a table is a file that ends in .csv, .jsonl or .parquet"),
    }
}

impl Compile for Lookup {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        ensure!(!self.by.is_empty(), "`by` names no column");
        ensure!(self.by.len() <= MAX_KEYS, "`by` names {} columns, at most {MAX_KEYS}", self.by.len());
        let columns = self.columns()?;
        let table = self.table(scope)?;
        let keys = self.by.values().map(|operand| scope.text(operand)).collect::<Result<_>>()?;
        let shared = format!("{} {:?}", self.lookup, self.by);
        let known = scope.lookups.get(&shared).copied();
        let register = known.unwrap_or_else(|| scope.register(2));
        scope.lookups.insert(shared, register);

        let probe = Probe { table: table.clone(), keys, register };
        let columns = columns.iter().map(|name| {
            table.column(name).map(|column| (name.clone(), column)).context("a column that was not read")
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let type_of = |column: &usize| table.columns[*column].ty();
        if self.values.is_none()
            && let [(_, column)] = columns[..]
        {
            return Ok(one(type_of(&column), move |row| probe.value(column, row)));
        }
        let types = columns.iter().map(|(_, column)| type_of(column)).collect();
        let (names, columns): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let probe = Arc::new(probe);
        let compute = columns.into_iter().map(|column| {
            let probe = probe.clone();
            each(move |row| probe.value(column, row))
        });
        Ok(Compiled { types, names, compute: Compute::Each(compute.collect()) })
    }
}

impl Probe {
    fn value<'a>(&self, column: usize, row: &mut Row<'a>) -> Result<Value<'a>, Problem> {
        let at = self.find(row)?;
        let value = match &self.table.columns[column] {
            Column::Int64(values) => Some(Value::Int64(values[at])),
            Column::Double(values) => Some(values[at]).filter(|value| !value.is_nan()).map(Value::Double),
            Column::String(values) => values.get(at).map(|text| Value::Text(row.make(text))),
        };
        value.ok_or_else(|| self.missing("a cell that is not empty"))
    }

    /// Where in the columns of the table the values are.
    fn find(&self, row: &mut Row) -> Result<usize, Problem> {
        if row.values[self.register + 1] == Value::Int64(row.number)
            && let Value::Int64(at) = row.values[self.register]
        {
            return usize::try_from(at).map_err(|_| self.missing("a key of the table"));
        }
        let mut texts = [Text::Record(""); MAX_KEYS];
        for (text, key) in texts.iter_mut().zip(&self.keys) {
            *text = key.text(row)?;
        }
        let key = texts[..self.keys.len()].iter().map(|text| row.str(*text));
        let found = self.table.find(&key);
        row.values[self.register] = Value::Int64(found.map_or(Ok(-1), i64::try_from).unwrap_or(-1));
        row.values[self.register + 1] = Value::Int64(row.number);
        found.ok_or_else(|| self.missing("a key of the table"))
    }

    fn missing(&self, expected: &str) -> Problem {
        let names: Vec<_> = self.keys.iter().map(|key| key.name.to_string()).collect();
        let found = if self.keys.len() == 1 { "none" } else { "none such together" };
        Problem::missing(Rejected::Invalid {
            operand: names.join(", "),
            expected: expected.to_owned(),
            found,
        })
    }
}

impl Column {
    fn ty(&self) -> Type {
        match self {
            Self::Int64(_) => Type::Int64,
            Self::Double(_) => Type::Double,
            Self::String(_) => Type::String,
        }
    }
}
