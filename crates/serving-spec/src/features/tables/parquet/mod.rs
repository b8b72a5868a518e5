//! Apache Parquet tables.

use std::fs::File;
use std::path::Path;

use anyhow::{Result, bail};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field as Cell;
use parquet::schema::types::Type as Schema;

use super::column::{ColumnBuilder, places};

/// Reads the wanted columns.
pub(super) fn read(path: &Path, wanted: &[&str]) -> Result<Vec<ColumnBuilder>> {
    let reader = SerializedFileReader::new(File::open(path)?)?;
    let schema = reader.metadata().file_metadata().schema();
    let fields = schema.get_fields();
    let present: Vec<String> = fields.iter().map(|field| field.name().to_owned()).collect();
    let mut kept = places(wanted, &present)?;
    kept.sort_unstable();
    kept.dedup();
    let projection = kept.iter().map(|&place| fields[place].clone()).collect();
    let projection = Schema::group_type_builder(schema.name()).with_fields(projection).build()?;
    let names: Vec<String> = kept.iter().map(|&place| present[place].clone()).collect();
    let places = places(wanted, &names)?;

    let mut columns: Vec<ColumnBuilder> = wanted.iter().map(|_| ColumnBuilder::default()).collect();
    for row in reader.get_row_iter(Some(projection))? {
        let row = row?;
        let cells: Vec<&Cell> = row.get_column_iter().map(|(_, cell)| cell).collect();
        for (column, &place) in columns.iter_mut().zip(&places) {
            push(cells[place], &names[place], column)?;
        }
    }
    Ok(columns)
}

fn push(cell: &Cell, name: &str, column: &mut ColumnBuilder) -> Result<()> {
    match cell {
        Cell::Null => column.push_null(),
        Cell::Bool(value) => column.push_string(if *value { "true" } else { "false" }),
        Cell::Str(text) => column.push_string(text),
        Cell::Byte(value) => column.push(&value.to_string()),
        Cell::Short(value) => column.push(&value.to_string()),
        Cell::Int(value) => column.push(&value.to_string()),
        Cell::Long(value) => column.push(itoa::Buffer::new().format(*value)),
        Cell::UByte(value) => column.push(&value.to_string()),
        Cell::UShort(value) => column.push(&value.to_string()),
        Cell::UInt(value) => column.push(&value.to_string()),
        Cell::ULong(value) => column.push(&value.to_string()),
        Cell::Float(value) => column.push_double(f64::from(*value)),
        Cell::Double(value) => column.push_double(*value),
        other => bail!("column `{name}`: expected a number, a string or a boolean, found {other}"),
    }
    Ok(())
}
