//! A table with an index of its keys.

use std::hash::{BuildHasher, Hash, Hasher};

use anyhow::{Context, Result, bail};
use hashbrown::{DefaultHashBuilder, HashTable};

use super::column::{Builder, Column, Texts};

/// Rows that are found by their keys.
#[derive(Debug)]
pub struct Table {
    keys: Vec<Texts>,
    /// The columns of values.
    pub columns: Vec<Column>,
    names: Vec<String>,
    rows: HashTable<u32>,
    hash_builder: DefaultHashBuilder,
}

impl Table {
    /// Of the columns of the key, and behind them those of the values with the given names.
    pub fn new(mut columns: Vec<Builder>, names: &[String]) -> Result<Self> {
        let values = columns.split_off(columns.len() - names.len());
        let keys: Vec<Texts> = columns.into_iter().map(Builder::into_texts).collect();
        let count = keys.first().map_or(0, Texts::len);
        let count = u32::try_from(count).ok().context("it has more than four thousand million rows")?;
        let hash_builder = DefaultHashBuilder::default();
        let mut rows = HashTable::with_capacity(count as usize);
        for row in 0..count {
            let key = || keys.iter().map(move |key| key.get(row as usize).unwrap_or_default());
            if let Some(name) = keys.iter().position(|key| key.get(row as usize).is_none()) {
                bail!("row {} has no value in column {} of its key", row + 1, name + 1);
            }
            let hash = hash(&hash_builder, key());
            if let Some(before) = rows.find(hash, |other| is(&keys, *other, key())) {
                bail!("rows {} and {} have the same key", before + 1, row + 1);
            }
            rows.insert_unique(hash, row, |row| hash_of(&hash_builder, &keys, *row));
        }
        let columns = values.into_iter().map(Builder::finish).collect();
        Ok(Self { keys, columns, names: names.to_vec(), rows, hash_builder })
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| column == name)
    }

    /// The row with a key.
    pub fn find<'k>(&self, key: &(impl Iterator<Item = &'k str> + Clone)) -> Option<u32> {
        let hash = hash(&self.hash_builder, key.clone());
        self.rows.find(hash, |row| is(&self.keys, *row, key.clone())).copied()
    }
}

fn hash<'k>(builder: &DefaultHashBuilder, key: impl Iterator<Item = &'k str>) -> u64 {
    let mut hasher = builder.build_hasher();
    for part in key {
        part.hash(&mut hasher);
    }
    hasher.finish()
}

fn hash_of(builder: &DefaultHashBuilder, keys: &[Texts], row: u32) -> u64 {
    hash(builder, keys.iter().map(|key| key.get(row as usize).unwrap_or_default()))
}

/// Whether a row has a key.
fn is<'k>(keys: &[Texts], row: u32, key: impl Iterator<Item = &'k str>) -> bool {
    keys.iter().map(|key| key.get(row as usize).unwrap_or_default()).eq(key)
}
