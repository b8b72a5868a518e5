//! A table with an index of its keys.

use std::hash::{BuildHasher, Hash, Hasher};

use anyhow::{Context, Result, bail};
use hashbrown::DefaultHashBuilder;

use super::column::{Builder, Column, Texts};

/// Rows that are found by their keys.
///
/// In a large table what takes time is memory, which answers after a hundred nanoseconds. So a slot holds the key itself, if
/// that is short, and the columns are in the order of the slots: slot and value are fetched at once.
#[derive(Debug)]
pub struct Table {
    /// How the key of each slot's row begins, zeros if the slot is free. A row is in the first free slot from its hash on.
    slots: Vec<Start>,
    /// The row of each slot, in the order of the file.
    rows: Vec<u32>,
    /// The columns of the key, in the order of the file.
    keys: Vec<Texts>,
    /// The columns of values, in the order of the slots.
    pub columns: Vec<Column>,
    names: Vec<String>,
    hash_builder: DefaultHashBuilder,
}

/// The first bytes of a key, in which each part ends with a byte that no text has, and behind them zeros.
type Start = [u8; 16];

const FREE: Start = [0; 16];
const END: u8 = 0xff;

/// Of so many slots one is free, on average.
const FREE_OF: usize = 3;

impl Table {
    /// Of the columns of the key, and behind them those of the values with the given names.
    pub fn new(mut columns: Vec<Builder>, names: &[String]) -> Result<Self> {
        let values = columns.split_off(columns.len() - names.len());
        let keys: Vec<Texts> = columns.into_iter().map(Builder::into_texts).collect::<Result<_>>()?;
        let count = keys.first().map_or(0, Texts::len);
        let rows = u32::try_from(count).ok().context("it has more than four thousand million rows")?;
        let capacity = count + count / (FREE_OF - 1) + 1;
        let mut table = Self {
            slots: vec![FREE; capacity],
            rows: vec![0; capacity],
            keys,
            columns: Vec::new(),
            names: names.to_vec(),
            hash_builder: DefaultHashBuilder::default(),
        };
        for row in 0..rows {
            if let Some(column) = table.keys.iter().position(|key| key.get(row as usize).is_none()) {
                bail!("row {} has no value in column {} of its key", row + 1, column + 1);
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

    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| column == name)
    }

    /// Where in the columns the values of a key are.
    pub fn find<'k>(&self, key: &(impl Iterator<Item = &'k str> + Clone)) -> Option<usize> {
        // Asked for now, the values come while the slot does: it is mostly the first, or one near it.
        let first = self.first_slot(key.clone());
        self.columns.iter().for_each(|column| column.touch(first));
        self.slot_from(first, key).ok()
    }

    /// The slot in which a key is, if none had it before.
    fn first_slot<'k>(&self, key: impl Iterator<Item = &'k str>) -> usize {
        let hash = u128::from(hash(&self.hash_builder, key));
        usize::try_from((hash * self.slots.len() as u128) >> 64).unwrap_or(0)
    }

    /// The slot of a key, or the free one in which it would be.
    fn slot_from<'k>(
        &self,
        first: usize,
        wanted: &(impl Iterator<Item = &'k str> + Clone),
    ) -> Result<usize, usize> {
        let (start, is_whole) = start(wanted.clone());
        let mut slot = first;
        // One is always free.
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

/// The key of a row.
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

/// How a key begins, and whether that is all of it.
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
        let mut columns = [Builder::default(), Builder::default()];
        for row in rows {
            columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        }
        Table::new(columns.into(), &[])
    }

    #[test]
    fn keys_are_told_apart_wherever_they_differ() {
        let long = "a text that is longer than what an entry holds";
        let rows = [
            ["a", "b"],
            ["ab", ""],
            ["", "ab"],
            ["a\0", "b"],
            // Sixteen bytes with the ends of both, and one more.
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
    fn floats_are_no_keys_and_infinities_no_values() {
        let column = |number: f64| {
            let mut column = Builder::default();
            column.push_double(number);
            column
        };
        let error = |columns: Vec<Builder>, names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            format!("{:#}", Table::new(columns, &names).unwrap_err())
        };
        assert!(error(vec![column(1.0)], &[]).starts_with("its key has floats"));
        let mut key = Builder::default();
        key.push("a");
        let of_value = error(vec![key, column(f64::NEG_INFINITY)], &["v"]);
        assert_eq!(of_value, "column `v`: it has a number beyond the range of doubles");
    }
}
