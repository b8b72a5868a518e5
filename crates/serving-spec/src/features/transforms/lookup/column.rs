//! Columns of tables: read as text, then typed by what they turned out to hold.

use std::hint::black_box;

use anyhow::{Context, Result, ensure};

use crate::features::transforms::cast::is_number;

/// The values of a column, a row each.
#[derive(Debug)]
pub enum Column {
    /// All integers.
    Int64(Vec<i64>),
    /// All numbers, NaN where a cell is empty.
    Double(Vec<f64>),
    /// Anything.
    String(Texts),
}

impl Column {
    /// Has a value fetched from memory, without waiting for it.
    #[inline]
    pub fn touch(&self, row: usize) {
        match self {
            Self::Int64(values) => _ = black_box(values[row]),
            Self::Double(values) => _ = black_box(values[row]),
            Self::String(values) => _ = black_box(values.ends[row]),
        }
    }

    /// The values of some rows, in their order; anything where there is none.
    pub fn ordered(self, rows: &[Option<usize>]) -> Self {
        match self {
            Self::Int64(values) => {
                Self::Int64(rows.iter().map(|row| row.map_or(0, |row| values[row])).collect())
            }
            Self::Double(values) => {
                Self::Double(rows.iter().map(|row| row.map_or(f64::NAN, |row| values[row])).collect())
            }
            Self::String(values) => {
                let mut ordered = Builder::default();
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

/// Texts, one behind the other.
#[derive(Debug, Default)]
pub struct Texts {
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
    /// Those that are not there at all.
    nulls: Vec<usize>,
}

impl Texts {
    /// The text of a row; `None` if its cell is empty.
    pub fn get(&self, row: usize) -> Option<&str> {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        let is_null = self.nulls.binary_search(&row).is_ok();
        (!is_null).then(|| &self.text[start..self.ends[row]])
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }
}

/// A column that is being read.
#[derive(Debug, Default)]
pub struct Builder {
    texts: Texts,
    /// Whether the file itself says that there are strings.
    has_strings: bool,
    /// Whether it says that there are floats.
    has_floats: bool,
}

impl Builder {
    /// Adds a cell whose type is not known, a number, or what a boolean is called.
    pub fn push(&mut self, text: &str) {
        self.texts.text.push_str(text);
        self.texts.ends.push(self.texts.text.len());
    }

    /// Adds a cell that is a string, whatever it looks like.
    pub fn push_string(&mut self, text: &str) {
        self.has_strings = true;
        self.push(text);
    }

    /// Adds a cell that is a number; NaN is an empty one.
    pub fn push_double(&mut self, number: f64) {
        self.has_floats = true;
        if number.is_nan() {
            self.push_null();
        } else {
            self.push(&format!("{number:?}"));
        }
    }

    /// Adds a cell that is empty.
    pub fn push_null(&mut self) {
        self.texts.nulls.push(self.texts.ends.len());
        self.push("");
    }

    /// Cells so far.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// The texts of a key. Floats are refused, as they have no one text.
    pub fn into_texts(self) -> Result<Texts> {
        ensure!(
            !self.has_floats,
            "its key has floats, which have no one text: make them integers or strings"
        );
        Ok(self.texts)
    }

    /// The column, of the narrowest type. Numbers beyond the range of doubles are refused.
    pub fn finish(self) -> Result<Column> {
        if self.has_strings {
            return Ok(Column::String(self.texts));
        }
        if let Some(integers) = self.integers() {
            return Ok(Column::Int64(integers));
        }
        let Some(doubles) = self.doubles() else { return Ok(Column::String(self.texts)) };
        let is_in_range = !doubles.iter().any(|number| number.is_infinite());
        ensure!(is_in_range, "it has a number beyond the range of doubles");
        Ok(Column::Double(doubles))
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

/// Whether JSON would write a number so: `007` is a text, and so is `+7`.
fn is_json(cell: &str) -> bool {
    let unsigned = cell.strip_prefix('-').unwrap_or(cell);
    let has_zeros =
        unsigned.len() > 1 && unsigned.starts_with('0') && unsigned.as_bytes()[1].is_ascii_digit();
    is_number(cell) && !cell.starts_with('+') && !has_zeros
}

/// The places of the wanted columns among those that a table has.
pub fn places(wanted: &[&str], present: &[String]) -> Result<Vec<usize>> {
    let place = |name: &&str| {
        let mut places = (0..present.len()).filter(|&place| present[place] == **name);
        let place = places
            .next()
            .with_context(|| format!("it has no column `{name}`; it has `{}`", present.join("`, `")))?;
        ensure!(places.next().is_none(), "it has two columns `{name}`");
        Ok(place)
    };
    wanted.iter().map(place).collect()
}
