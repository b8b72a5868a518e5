//! JSON Lines tables: every line is an object, and its members are the columns.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use indexmap::IndexMap;
use serde_json::value::RawValue;

use super::budget::{Budget, MAX_CELL};
use super::column::ColumnBuilder;
use crate::json_type::JsonType;

/// Reads the wanted columns. A line without a wanted member has an empty cell.
pub(super) fn read(path: &Path, wanted: &[&str], budget: &mut Budget) -> Result<Vec<ColumnBuilder>> {
    let mut columns: Vec<ColumnBuilder> = wanted.iter().map(|_| ColumnBuilder::default()).collect();
    let mut seen = vec![false; wanted.len()];
    let file = File::open(path)?;
    budget.read(file.metadata()?.len())?;
    let mut reader = BufReader::new(file);
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        if reader.by_ref().take(MAX_CELL as u64 + 1).read_line(&mut line)? == 0 {
            break;
        }
        ensure!(line.len() <= MAX_CELL, "line {number} has more than {MAX_CELL} bytes");
        if line.trim().is_empty() {
            continue;
        }
        budget.rows(1)?;
        let members: IndexMap<String, &RawValue> =
            serde_json::from_str(&line).with_context(|| format!("line {number} is not a JSON object"))?;
        for ((name, column), seen) in wanted.iter().zip(&mut columns).zip(&mut seen) {
            let json = members.get(*name).map(|value| value.get());
            *seen |= json.is_some();
            budget
                .cell(column, |column| push(column, json))
                .with_context(|| format!("line {number}, `{name}`"))?;
        }
    }
    for (name, seen) in wanted.iter().zip(seen) {
        ensure!(seen, "no line has the member `{name}`");
    }
    Ok(columns)
}

fn push(column: &mut ColumnBuilder, json: Option<&str>) -> Result<()> {
    let Some(json) = json else {
        column.push_null();
        return Ok(());
    };
    match JsonType::of(json) {
        JsonType::Null => column.push_null(),
        JsonType::Number => column.push(json),
        JsonType::Boolean => column.push_string(json),
        JsonType::String => column.push_string(&serde_json::from_str::<String>(json)?),
        found => bail!("expected a number or a string, found {found}"),
    }
    Ok(())
}
