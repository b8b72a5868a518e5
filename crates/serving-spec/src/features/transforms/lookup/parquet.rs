//! Apache Parquet.

use std::fs::File;
use std::path::Path;

use anyhow::{Result, bail};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;

use super::column::{Builder, places};

pub(super) fn read(path: &Path, wanted: &[&str]) -> Result<Vec<Builder>> {
    let reader = SerializedFileReader::new(File::open(path)?)?;
    let schema = reader.metadata().file_metadata().schema();
    let fields = schema.get_fields();
    let present: Vec<String> = fields.iter().map(|field| field.name().to_owned()).collect();
    let mut kept = places(wanted, &present)?;
    kept.sort_unstable();
    kept.dedup();
    let projection = kept.iter().map(|&place| fields[place].clone()).collect();
    let projection = Type::group_type_builder(schema.name()).with_fields(projection).build()?;
    let names: Vec<String> = kept.iter().map(|&place| present[place].clone()).collect();
    let places = places(wanted, &names)?;

    let mut columns: Vec<Builder> = wanted.iter().map(|_| Builder::default()).collect();
    for row in reader.get_row_iter(Some(projection))? {
        let row = row?;
        let cells: Vec<&Field> = row.get_column_iter().map(|(_, cell)| cell).collect();
        for (column, &place) in columns.iter_mut().zip(&places) {
            push(cells[place], &names[place], column)?;
        }
    }
    Ok(columns)
}

fn push(cell: &Field, name: &str, column: &mut Builder) -> Result<()> {
    match cell {
        Field::Null => column.push_null(),
        Field::Bool(value) => column.push_string(if *value { "true" } else { "false" }),
        Field::Str(text) => column.push_string(text),
        Field::Byte(value) => column.push(&value.to_string()),
        Field::Short(value) => column.push(&value.to_string()),
        Field::Int(value) => column.push(&value.to_string()),
        Field::Long(value) => column.push(itoa::Buffer::new().format(*value)),
        Field::UByte(value) => column.push(&value.to_string()),
        Field::UShort(value) => column.push(&value.to_string()),
        Field::UInt(value) => column.push(&value.to_string()),
        Field::ULong(value) => column.push(&value.to_string()),
        Field::Float(value) => column.push_double(f64::from(*value)),
        Field::Double(value) => column.push_double(*value),
        other => bail!("column `{name}`: {other} is neither a number nor a string"),
    }
    Ok(())
}
