//! A table with an index over its keys.

use std::hash::{BuildHasher, Hash, Hasher};

use anyhow::{Context, Result, bail};
use hashbrown::DefaultHashBuilder;
use indexmap::IndexSet;

use super::column::{ColumnBuilder, TableColumn, Texts};

/// Rows that are found by their keys, in a hash table with linear probing.
///
/// A lookup in a large table spends its time waiting for memory, about 100 ns per access. So a slot holds the
/// key itself if it is short, and the columns are in the order of the slots. Slot and value are then fetched
/// together.
#[derive(Debug)]
pub struct Table {
    /// The start of the key in each slot; zeros mark a free slot. A row takes the first free slot from its
    /// hash on.
    slots: Vec<Start>,
    /// The row in each slot, as a place in the file.
    rows: Vec<u32>,
    /// The columns of the key, in the order of the rows in the file.
    keys: Vec<Texts>,
    /// The columns of values, in the order of the slots.
    pub columns: Vec<TableColumn>,
    /// The names of the columns of values.
    names: IndexSet<String>,
    hash_builder: DefaultHashBuilder,
}

/// The first bytes of a key, padded with zeros. Each part of the key ends with [`END`].
type Start = [u8; 16];

/// Marks a free slot.
const FREE: Start = [0; 16];
/// Ends a part of a key. No UTF-8 text contains this byte.
const END: u8 = 0xff;

/// One slot in this many is free.
const FREE_OF: usize = 3;

impl Table {
    /// Makes a table from the columns of the key, followed by the columns of values. `names` are the names of
    /// the latter.
    ///
    /// # Errors
    /// When two rows have the same key, when a cell of a key is empty, or when a column is malformed.
    pub fn new(mut columns: Vec<ColumnBuilder>, names: &[String]) -> Result<Self> {
        let values = columns.split_off(columns.len() - names.len());
        let keys: Vec<Texts> = columns.into_iter().map(ColumnBuilder::into_texts).collect::<Result<_>>()?;
        let count = keys.first().map_or(0, Texts::len);
        let rows = u32::try_from(count).ok().context("it has more than 2^32 - 1 rows")?;
        let capacity = count + count / (FREE_OF - 1) + 1;
        let mut table = Self {
            slots: vec![FREE; capacity],
            rows: vec![0; capacity],
            keys,
            columns: Vec::new(),
            names: names.iter().cloned().collect(),
            hash_builder: DefaultHashBuilder::default(),
        };
        for row in 0..rows {
            if let Some(column) = table.keys.iter().position(|key| key.get(row as usize).is_none()) {
                bail!("row {}: column {} of the key is empty", row + 1, column + 1);
            }
            let key_of_row = key(&table.keys, row);
            match table.slot_from(table.first_slot(key_of_row.clone()), &key_of_row) {
                Ok(slot) => bail!("rows {} and {} have the same key", table.rows[slot] + 1, row + 1),
                Err(slot) => {
                    table.slots[slot] = start(key(&table.keys, row)).0;
                    table.rows[slot] = row;
                }
            }
        }
        let row_of = |slot: usize| (table.slots[slot] != FREE).then(|| table.rows[slot] as usize);
        let order: Vec<Option<usize>> = (0..capacity).map(row_of).collect();
        let values = values.into_iter().zip(names);
        let values = values.map(|(column, name)| {
            let column = column.finish().with_context(|| format!("column `{name}`"))?;
            Ok(column.ordered(&order))
        });
        table.columns = values.collect::<Result<_>>()?;
        Ok(table)
    }

    /// Returns the place of a column of values.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.names.get_index_of(name)
    }

    /// Returns the place of a key's values in the columns.
    pub fn find<'k>(&self, key: &(impl Iterator<Item = &'k str> + Clone)) -> Option<usize> {
        // The values are fetched while the slot is. The key is mostly in the first slot or near it.
        let first = self.first_slot(key.clone());
        self.columns.iter().for_each(|column| column.touch(first));
        self.slot_from(first, key).ok()
    }

    /// Returns the slot where the search for a key starts.
    fn first_slot<'k>(&self, key: impl Iterator<Item = &'k str>) -> usize {
        let hash = u128::from(hash(&self.hash_builder, key));
        usize::try_from((hash * self.slots.len() as u128) >> 64).unwrap_or(0)
    }

    /// Returns the slot of a key, or else the free slot for it.
    fn slot_from<'k>(
        &self,
        first: usize,
        wanted: &(impl Iterator<Item = &'k str> + Clone),
    ) -> Result<usize, usize> {
        let (start, is_whole) = start(wanted.clone());
        let mut slot = first;
        // At least one slot is free, so the loop ends.
        loop {
            if self.slots[slot] == FREE {
                return Err(slot);
            }
            if self.slots[slot] == start && (is_whole || key(&self.keys, self.rows[slot]).eq(wanted.clone()))
            {
                return Ok(slot);
            }
            slot = if slot + 1 == self.slots.len() { 0 } else { slot + 1 };
        }
    }
}

/// Returns the key of a row.
fn key(keys: &[Texts], row: u32) -> impl Iterator<Item = &str> + Clone {
    keys.iter().map(move |key| key.get(row as usize).unwrap_or_default())
}

fn hash<'k>(builder: &DefaultHashBuilder, key: impl Iterator<Item = &'k str>) -> u64 {
    let mut hasher = builder.build_hasher();
    for part in key {
        part.hash(&mut hasher);
    }
    hasher.finish()
}

/// Returns the start of a key, and whether that is the whole key.
fn start<'k>(key: impl Iterator<Item = &'k str>) -> (Start, bool) {
    let mut start = Start::default();
    let mut len = 0;
    for part in key {
        for piece in [part.as_bytes(), &[END]] {
            let room = &mut start[len..];
            if piece.len() > room.len() {
                room.copy_from_slice(&piece[..room.len()]);
                return (start, false);
            }
            room[..piece.len()].copy_from_slice(piece);
            len += piece.len();
        }
    }
    (start, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[[&str; 2]]) -> Result<Table> {
        let mut columns = [ColumnBuilder::default(), ColumnBuilder::default()];
        for row in rows {
            columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        }
        Table::new(columns.into(), &[])
    }

    #[test]
    fn keys_that_differ_anywhere_are_different() {
        let long = "a text that is longer than what an entry holds";
        let rows = [
            ["a", "b"],
            ["ab", ""],
            ["", "ab"],
            ["a\0", "b"],
            // 16 bytes including both ends, and then one byte more.
            ["12345678901234", ""],
            ["12345678901234", "\0"],
            ["1234567890123", "4"],
            [long, "x"],
            [long, "y"],
            ["x", long],
        ];
        let table = table(&rows).unwrap();
        for (row, key) in (0..).zip(&rows) {
            let slot = table.find(&key.iter().copied()).unwrap();
            assert_eq!(table.rows[slot], row, "{key:?}");
        }
        for key in
            [["", ""], ["b", "a"], ["ab", "b"], [long, "z"], ["x", &long[1..]], ["12345678901234", "2"]]
        {
            assert_eq!(table.find(&key.iter().copied()), None, "{key:?}");
        }
        let twice = super::tests::table(&[[long, "x"], ["a", "b"], [long, "x"]]).unwrap_err();
        assert_eq!(twice.to_string(), "rows 1 and 3 have the same key");
    }

    #[test]
    fn a_float_is_not_a_key_and_an_infinity_is_not_a_value() {
        let column = |number: f64| {
            let mut column = ColumnBuilder::default();
            column.push_double(number);
            column
        };
        let error = |columns: Vec<ColumnBuilder>, names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            format!("{:#}", Table::new(columns, &names).unwrap_err())
        };
        assert!(error(vec![column(1.0)], &[]).starts_with("its key has floats"));
        let mut key = ColumnBuilder::default();
        key.push("a");
        let of_value = error(vec![key, column(f64::NEG_INFINITY)], &["v"]);
        assert_eq!(of_value, "column `v`: it has a number beyond the range of doubles");
    }
}
