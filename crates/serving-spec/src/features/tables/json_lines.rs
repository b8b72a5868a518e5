//! JSON Lines tables: every line is an object, and its members are the columns.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use indexmap::IndexMap;
use serde_json::value::RawValue;

use super::column::ColumnBuilder;
use crate::json_type::JsonType;

/// Reads the wanted columns. A line without a wanted member has an empty cell.
pub(super) fn read(path: &Path, wanted: &[&str]) -> Result<Vec<ColumnBuilder>> {
    let mut columns: Vec<ColumnBuilder> = wanted.iter().map(|_| ColumnBuilder::default()).collect();
    let mut seen = vec![false; wanted.len()];
    for (number, line) in (1..).zip(BufReader::new(File::open(path)?).lines()) {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let members: IndexMap<String, &RawValue> =
            serde_json::from_str(&line).with_context(|| format!("line {number} is not a JSON object"))?;
        for ((name, column), seen) in wanted.iter().zip(&mut columns).zip(&mut seen) {
            let Some(value) = members.get(*name) else {
                column.push_null();
                continue;
            };
            *seen = true;
            let json = value.get();
            match JsonType::of(json) {
                JsonType::Null => column.push_null(),
                JsonType::Number => column.push(json),
                JsonType::Boolean => column.push_string(json),
                JsonType::String => column.push_string(&serde_json::from_str::<String>(json)?),
                found => bail!("line {number}, `{name}`: expected a number or a string, found {found}"),
            }
        }
    }
    for (name, seen) in wanted.iter().zip(seen) {
        ensure!(seen, "no line has the member `{name}`");
    }
    Ok(columns)
}
