//! Reads a file of records, and the fields that the table shows.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A record to put into the stream.
#[derive(Clone, Debug)]
pub(super) struct DemoRecord {
    /// The record's id, and its partition key.
    pub(super) id: String,
    pub(super) json: String,
}

/// The records of a file, and the fields `T` of each that the table shows.
#[derive(Debug)]
pub(super) struct RecordFile<T> {
    all: Vec<DemoRecord>,
    shown: BTreeMap<String, T>,
}

impl<T: DeserializeOwned> RecordFile<T> {
    /// Reads one JSON document per line. Each has a unique id in the member `id_member`.
    ///
    /// # Errors
    /// When the file cannot be read, a line is not such a document, or there are fewer records than `needed`.
    pub(super) fn read(path: &Path, id_member: &str, needed: usize) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let records =
            Self::parse(&text, id_member).with_context(|| format!("cannot use {}", path.display()))?;
        let found = records.all.len();
        ensure!(found >= needed, "expected at least {needed} records in {}, found {found}", path.display());
        Ok(records)
    }

    pub(super) fn parse(text: &str, id_member: &str) -> Result<Self> {
        let mut records = Self { all: Vec::new(), shown: BTreeMap::new() };
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let document: Value =
                serde_json::from_str(line).with_context(|| format!("line {number} is not JSON"))?;
            let id = id(&document[id_member]).with_context(|| format!("line {number} has no {id_member}"))?;
            let shown = T::deserialize(document)
                .with_context(|| format!("line {number} lacks a field that the table shows"))?;
            let double = records.shown.insert(id.clone(), shown);
            ensure!(double.is_none(), "line {number} repeats the {id_member} {id}");
            records.all.push(DemoRecord { id, json: line.to_owned() });
        }
        Ok(records)
    }
}

impl<T> RecordFile<T> {
    pub(super) fn all(&self) -> &[DemoRecord] {
        &self.all
    }

    /// Returns the fields of a record that the table shows, or none if the file has no such record.
    pub(super) fn get(&self, id: Option<&str>) -> Option<&T> {
        self.shown.get(id?)
    }
}

/// Returns an id as text.
pub(super) fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_or_strings() {
        let records = RecordFile::<Value>::parse("{\"n\": 256, \"x\": 1}\n{\"n\": \"UA1\"}", "n").unwrap();
        assert_eq!(records.all().iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), ["256", "UA1"]);
        assert_eq!(records.get(Some("256")).unwrap()["x"], 1);
        assert!(records.get(Some("257")).is_none());
    }

    #[test]
    fn an_unusable_line_is_named() {
        for (text, expected) in [
            ("{\"n\": 1}\n{\"n\": 1}", "line 2 repeats the n 1"),
            ("{\"n\": 1}\n{", "line 2 is not JSON"),
            ("{\"n\": null}", "line 1 has no n"),
        ] {
            assert_eq!(RecordFile::<Value>::parse(text, "n").unwrap_err().to_string(), expected);
        }
    }
}
