//! Apache Parquet tables.
//!
//! A file of a few bytes can ask for any amount of memory. So the footer and the sizes of pages are checked before
//! they are decoded, and one column is read after another.

mod footer;
mod pages;
mod thrift;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use parquet::basic::Repetition;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field as Cell;
use parquet::schema::types::ColumnDescPtr;

use super::budget::{Budget, MAX_CELL};
use super::column::{ColumnBuilder, places};
use pages::Checked;

/// Values that are decoded at once.
const BATCH: usize = 1_024;

/// Reads the wanted columns.
///
/// # Errors
/// When the file is malformed, a column is not of numbers, strings or booleans, or a bound is exceeded.
pub(super) fn read(path: &Path, wanted: &[&str], budget: &mut Budget) -> Result<Vec<ColumnBuilder>> {
    // A malformed file may fail an assertion of the decoder.
    catch_unwind(AssertUnwindSafe(|| read_file(path, wanted, budget)))
        .unwrap_or_else(|_| bail!("it is malformed"))
}

fn read_file(path: &Path, wanted: &[&str], budget: &mut Budget) -> Result<Vec<ColumnBuilder>> {
    let mut file = File::open(path)?;
    footer::check(&mut file)?;
    let reader = SerializedFileReader::new(file.try_clone()?)?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let fields = schema.root_schema().get_fields();
    let present: Vec<&str> = fields.iter().map(|field| field.name()).collect();
    let places = places(wanted, &present)?;
    let leaves = places.iter().map(|&place| {
        let leaf = (0..schema.num_columns()).find(|&leaf| schema.get_column_root_ptr(leaf) == fields[place]);
        leaf.filter(|_| {
            fields[place].is_primitive()
                && fields[place].get_basic_info().repetition() != Repetition::REPEATED
        })
        .with_context(|| {
            format!(
                "column `{}`: expected a number, a string or a boolean, found a list or a group",
                present[place]
            )
        })
    });
    let leaves: Vec<usize> = leaves.collect::<Result<_>>()?;

    let groups = reader.metadata().row_groups();
    let rows = groups.iter().map(|group| usize::try_from(group.num_rows()));
    let rows: Vec<usize> =
        rows.collect::<Result<_, _>>().context("a row group has a negative number of rows")?;
    budget.rows(rows.iter().fold(0, |sum, rows| sum.saturating_add(*rows)))?;
    for group in groups {
        for (&leaf, name) in leaves.iter().zip(wanted) {
            pages::check(&mut file, group.column(leaf), budget)
                .with_context(|| format!("column `{name}`"))?;
        }
    }

    let mut columns: Vec<ColumnBuilder> = wanted.iter().map(|_| ColumnBuilder::default()).collect();
    for (index, &rows) in rows.iter().enumerate() {
        let group = reader.get_row_group(index)?;
        for ((column, &leaf), name) in columns.iter_mut().zip(&leaves).zip(wanted) {
            let pages = Box::new(Checked(group.get_column_page_reader(leaf)?));
            let mut piece = Piece { descriptor: schema.column(leaf), rows, column, budget };
            piece.read(pages).with_context(|| format!("column `{name}`"))?;
        }
    }
    Ok(columns)
}

/// A column of a row group that is being read.
struct Piece<'a> {
    descriptor: ColumnDescPtr,
    rows: usize,
    column: &'a mut ColumnBuilder,
    budget: &'a mut Budget,
}

impl Piece<'_> {
    fn read(&mut self, pages: Box<Checked>) -> Result<()> {
        let of = self.descriptor.clone();
        match get_column_reader(of.clone(), pages) {
            ColumnReader::BoolColumnReader(reader) => self.cells(reader, |v| Ok(Cell::convert_bool(&of, v))),
            ColumnReader::Int32ColumnReader(reader) => {
                self.cells(reader, |v| Ok(Cell::convert_int32(&of, v)))
            }
            ColumnReader::Int64ColumnReader(reader) => {
                self.cells(reader, |v| Ok(Cell::convert_int64(&of, v)))
            }
            ColumnReader::Int96ColumnReader(reader) => {
                self.cells(reader, |v| Ok(Cell::convert_int96(&of, v)))
            }
            ColumnReader::FloatColumnReader(reader) => {
                self.cells(reader, |v| Ok(Cell::convert_float(&of, v)))
            }
            ColumnReader::DoubleColumnReader(reader) => {
                self.cells(reader, |v| Ok(Cell::convert_double(&of, v)))
            }
            ColumnReader::ByteArrayColumnReader(reader) => self.cells(reader, |v| bytes(&of, v)),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                self.cells(reader, |v| bytes(&of, v.into()))
            }
        }
    }

    fn cells<T: DataType>(
        &mut self,
        mut reader: ColumnReaderImpl<T>,
        convert: impl Fn(T::T) -> Result<Cell>,
    ) -> Result<()> {
        let mut left = self.rows;
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let has_nulls = self.descriptor.max_def_level() > 0;
        while left > 0 {
            levels.clear();
            values.clear();
            let levels_read = has_nulls.then_some(&mut levels);
            let (read, ..) = reader.read_records(left.min(BATCH), levels_read, None, &mut values)?;
            ensure!(read > 0, "it has fewer cells than its row group has rows");
            left -= read;
            let mut values = values.drain(..);
            for row in 0..read {
                let is_null = has_nulls && levels.get(row).is_none_or(|level| *level == 0);
                let value = if is_null { None } else { values.next() };
                let cell = value.map_or(Ok(Cell::Null), &convert)?;
                self.budget.cell(self.column, |column| push(&cell, column))?;
            }
        }
        Ok(())
    }
}

fn bytes(of: &ColumnDescPtr, value: ByteArray) -> Result<Cell> {
    ensure!(value.len() <= MAX_CELL, "a cell has {} bytes; the limit is {MAX_CELL}", value.len());
    Ok(Cell::convert_byte_array(of, value)?)
}

fn push(cell: &Cell, column: &mut ColumnBuilder) -> Result<()> {
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
        other => bail!("expected a number, a string or a boolean, found {}", kind(other)),
    }
    Ok(())
}

/// The kind of a cell that cannot be looked up.
fn kind(cell: &Cell) -> &'static str {
    match cell {
        Cell::Date(_) => "a date",
        Cell::TimeMillis(_) | Cell::TimeMicros(_) => "a time",
        Cell::TimestampMillis(_) | Cell::TimestampMicros(_) => "a timestamp",
        Cell::Decimal(_) => "a decimal",
        Cell::Bytes(_) => "bytes",
        _ => "something else",
    }
}
