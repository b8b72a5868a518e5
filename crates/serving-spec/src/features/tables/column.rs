//! The columns of a table. They are read as text, and the cells then decide the type.

use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use hashbrown::HashMap;
use limits::names::some_of;

use crate::features::decimal::is_decimal;
use crate::features::value::Type;

/// The values of a column, one per row.
#[derive(Debug)]
pub enum TableColumn {
    /// All cells are integers.
    Int64(Vec<i64>),
    /// All cells are numbers or empty. An empty cell is NaN.
    Double(Vec<f64>),
    /// Cells can be anything.
    String(Texts),
}

impl TableColumn {
    /// Returns the type of the values.
    pub fn ty(&self) -> Type {
        match self {
            Self::Int64(_) => Type::Int64,
            Self::Double(_) => Type::Double,
            Self::String(_) => Type::String,
        }
    }

    /// Fetches a value from memory without waiting for it.
    #[inline]
    pub fn touch(&self, row: usize) {
        match self {
            Self::Int64(values) => _ = black_box(values[row]),
            Self::Double(values) => _ = black_box(values[row]),
            Self::String(values) => _ = black_box(values.ends[row]),
        }
    }

    /// Returns the values of `rows`, in that order. For `None` the value is arbitrary.
    pub fn ordered(self, rows: &[Option<usize>]) -> Self {
        match self {
            Self::Int64(values) => {
                Self::Int64(rows.iter().map(|row| row.map_or(0, |row| values[row])).collect())
            }
            Self::Double(values) => {
                Self::Double(rows.iter().map(|row| row.map_or(f64::NAN, |row| values[row])).collect())
            }
            Self::String(values) => {
                let mut ordered = ColumnBuilder::default();
                for row in rows {
                    match row.and_then(|row| values.get(row)) {
                        Some(text) => ordered.push(text),
                        None => ordered.push_null(),
                    }
                }
                Self::String(ordered.texts)
            }
        }
    }
}

/// Texts, stored one after the other.
#[derive(Debug, Default)]
pub struct Texts {
    text: String,
    /// The end of each text.
    ends: Vec<usize>,
    /// The rows whose cells are empty.
    nulls: Vec<usize>,
}

impl Texts {
    /// Returns the text of a row, or `None` if its cell is empty.
    pub fn get(&self, row: usize) -> Option<&str> {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        let is_null = self.nulls.binary_search(&row).is_ok();
        (!is_null).then(|| &self.text[start..self.ends[row]])
    }

    /// Returns the number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }
}

/// A column that is being read.
#[derive(Debug, Default)]
pub struct ColumnBuilder {
    texts: Texts,
    /// Whether the file marks a cell as a string.
    has_strings: bool,
    /// Whether the file marks a cell as a float.
    has_floats: bool,
}

impl ColumnBuilder {
    /// Adds a cell. The file does not say whether it is a number or a string.
    pub fn push(&mut self, text: &str) {
        self.texts.text.push_str(text);
        self.texts.ends.push(self.texts.text.len());
    }

    /// Adds a cell that is a string, even if it looks like a number.
    pub fn push_string(&mut self, text: &str) {
        self.has_strings = true;
        self.push(text);
    }

    /// Adds a cell that is a number. NaN makes an empty cell.
    pub fn push_double(&mut self, number: f64) {
        self.has_floats = true;
        if number.is_nan() {
            self.push_null();
        } else {
            self.push(&format!("{number:?}"));
        }
    }

    /// Adds an empty cell.
    pub fn push_null(&mut self) {
        self.texts.nulls.push(self.texts.ends.len());
        self.push("");
    }

    /// Returns the bytes of the texts so far.
    pub fn bytes(&self) -> usize {
        self.texts.text.len()
    }

    /// Returns the number of cells so far.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Returns the texts of a key. A float is an error, because it has more than one text.
    pub fn into_texts(self) -> Result<Texts> {
        ensure!(
            !self.has_floats,
            "its key has floats, which have more than one text: make them integers or strings"
        );
        Ok(self.texts)
    }

    /// Returns the column with the narrowest type. A number beyond the range of doubles is an error.
    pub fn finish(self) -> Result<TableColumn> {
        if self.has_strings {
            return Ok(TableColumn::String(self.texts));
        }
        if let Some(integers) = self.integers() {
            return Ok(TableColumn::Int64(integers));
        }
        let Some(doubles) = self.doubles() else { return Ok(TableColumn::String(self.texts)) };
        let is_in_range = !doubles.iter().any(|number| number.is_infinite());
        ensure!(is_in_range, "it has a number beyond the range of doubles");
        Ok(TableColumn::Double(doubles))
    }

    fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|row| self.texts.get(row).unwrap_or_default())
    }

    fn integers(&self) -> Option<Vec<i64>> {
        self.cells().map(|cell| cell.parse().ok().filter(|_| is_json(cell))).collect()
    }

    fn doubles(&self) -> Option<Vec<f64>> {
        let double = |cell: &str| match cell {
            "" => Some(f64::NAN),
            _ if is_json(cell) || self.has_floats => cell.parse().ok(),
            _ => None,
        };
        self.cells().map(double).collect()
    }
}

/// Whether JSON writes a number this way: `007` and `+7` are texts.
fn is_json(cell: &str) -> bool {
    let unsigned = cell.strip_prefix('-').unwrap_or(cell);
    let has_zeros =
        unsigned.len() > 1 && unsigned.starts_with('0') && unsigned.as_bytes()[1].is_ascii_digit();
    is_decimal(cell) && !cell.starts_with('+') && !has_zeros
}

/// Returns the places of the wanted columns among the columns `present` in a table.
pub fn places(wanted: &[&str], present: &[&str]) -> Result<Vec<usize>> {
    let mut known: HashMap<&str, (usize, usize)> = HashMap::with_capacity(present.len());
    for (place, name) in present.iter().enumerate() {
        known.entry(name).or_insert((place, 0)).1 += 1;
    }
    let place = |name: &&str| {
        let (place, count) = known
            .get(name)
            .with_context(|| format!("it has no column `{name}`; it has {}", some_of(present)))?;
        ensure!(*count == 1, "it has two columns `{name}`");
        Ok(*place)
    };
    wanted.iter().map(place).collect()
}
