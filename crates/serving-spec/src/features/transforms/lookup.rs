//! Values looked up in a table of the model directory.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, Compute, each, one};
use crate::features::operand::{Operand, Source};
use crate::features::problem::Problem;
use crate::features::row::Row;
use crate::features::scope::{Compile, Operands};
use crate::features::tables::{Table, TableColumn, Tables};
use crate::features::value::{Text, Value};
use crate::rejected::Rejected;

/// The most columns that a key may have.
const MAX_KEYS: usize = 8;

/// One or several columns of a table, from the row that has the record's key.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// A file of the model directory that ends in `.csv`, `.jsonl` or `.parquet`.
    lookup: String,
    /// The columns of the key, and the text that each must equal.
    by: IndexMap<String, Operand>,
    /// The column to return.
    value: Option<String>,
    /// Several columns to return, instead of `value`.
    values: Option<Vec<String>>,
}

/// Finds the row for a document. Lookups with the same key share the result.
struct Probe {
    table: Arc<Table>,
    keys: Vec<Source>,
    /// The first of two registers: the place of the row, and the number of the document that it was found
    /// for.
    register: usize,
}

impl Lookup {
    /// Announces the columns that this lookup wants, so that its table is read once. A malformed lookup is
    /// skipped: its compilation fails later.
    pub(in crate::features) fn announce(&self, tables: &mut Tables) {
        if let Ok(columns) = self.columns() {
            tables.want(&self.lookup, self.by.keys().cloned().collect(), columns);
        }
    }

    fn columns(&self) -> Result<&[String]> {
        match (&self.value, &self.values) {
            (Some(value), None) => Ok(std::slice::from_ref(value)),
            (None, Some(values)) if !values.is_empty() => Ok(values),
            _ => bail!("give either `value` or `values`"),
        }
    }
}

impl Compile for Lookup {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        ensure!(!self.by.is_empty(), "`by` names no column");
        ensure!(
            self.by.len() <= MAX_KEYS,
            "`by`: expected at most {MAX_KEYS} columns, found {}",
            self.by.len()
        );
        let columns = self.columns()?;
        let (table, register) = operands.table(&self.lookup, &self.by)?;
        let keys = self.by.values().map(|operand| operands.text(operand)).collect::<Result<_>>()?;
        let places = columns.iter().map(|name| table.column(name).context("a column that was not read"));
        let places = places.collect::<Result<Vec<_>>>()?;
        let types: Vec<_> = places.iter().map(|&place| table.columns[place].ty()).collect();
        let probe = Arc::new(Probe { table, keys, register });
        if let ([place], None) = (&places[..], &self.values) {
            let place = *place;
            return Ok(one(types[0], move |row| probe.value(place, row)));
        }
        let compute = places.into_iter().map(|place| {
            let probe = probe.clone();
            each(move |row| probe.value(place, row))
        });
        Ok(Computation { types, names: columns.to_vec(), compute: Compute::Each(compute.collect()) })
    }
}

impl Probe {
    fn value<'a>(&self, column: usize, row: &mut Row<'a>) -> Result<Value<'a>, Problem> {
        let place = self.find(row)?;
        let value = match &self.table.columns[column] {
            TableColumn::Int64(values) => Some(Value::Int64(values[place])),
            TableColumn::Double(values) => {
                Some(values[place]).filter(|value| !value.is_nan()).map(Value::Double)
            }
            TableColumn::String(values) => values.get(place).map(|text| Value::Text(row.build(text))),
        };
        value.ok_or_else(|| self.missing("a cell with a value", "an empty one"))
    }

    /// Returns the place of the row in the columns of the table.
    fn find(&self, row: &mut Row) -> Result<usize, Problem> {
        if row.values[self.register + 1] == Value::Int64(row.number)
            && let Value::Int64(place) = row.values[self.register]
        {
            return usize::try_from(place).map_err(|_| self.no_row());
        }
        let mut texts = [Text::Document(""); MAX_KEYS];
        for (text, key) in texts.iter_mut().zip(&self.keys) {
            *text = key.text(row)?;
        }
        let key = texts[..self.keys.len()].iter().map(|text| row.str(*text));
        let found = self.table.find(&key);
        row.values[self.register] = Value::Int64(found.map_or(Ok(-1), i64::try_from).unwrap_or(-1));
        row.values[self.register + 1] = Value::Int64(row.number);
        found.ok_or_else(|| self.no_row())
    }

    fn no_row(&self) -> Problem {
        self.missing(
            "a key of the table",
            if self.keys.len() == 1 { "another" } else { "another combination" },
        )
    }

    fn missing(&self, expected: &str, found: &'static str) -> Problem {
        let names: Vec<_> = self.keys.iter().map(|key| key.name.to_string()).collect();
        Problem::missing(Rejected::Invalid {
            operand: names.join(", "),
            expected: expected.to_owned(),
            found,
        })
    }
}
