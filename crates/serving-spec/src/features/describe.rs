//! The features of a plan and their values, for people to look at.

use std::fmt::Write as _;

use super::operand::Source;
use super::row::Row;
use super::value::{Type, Value};
use super::{FeaturePlan, PlannedFeature};
use crate::rejected::Rejected;

impl FeaturePlan {
    /// Describes each feature: its name, its transform, and the types of its columns.
    pub fn describe(&self) -> impl Iterator<Item = (&str, &'static str, Vec<Type>)> {
        self.features.iter().map(|feature| {
            let types = feature.compiled.columns.iter().map(|column| column.ty).collect();
            (feature.name.as_str(), feature.transform, types)
        })
    }

    /// Computes the value of each feature of `document` as JSON. NaN becomes `null`.
    ///
    /// # Errors
    /// When the document is malformed or a feature rejects it.
    pub fn values(&self, document: &[u8]) -> Result<Vec<(&str, String)>, Rejected> {
        let mut row = self.row();
        self.compute(document, &mut row)?;
        let values = self.features.iter().map(|PlannedFeature { name, compiled, .. }| {
            let columns = compiled.columns.iter().map(|column| json(column, &row));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let is_single = compiled.names.is_empty();
            let value = if is_single { columns.concat() } else { format!("[{}]", columns.join(", ")) };
            Ok((name.as_str(), value))
        });
        values.collect()
    }
}

/// Returns the value of a source as JSON.
fn json(source: &Source, row: &Row) -> Result<String, Rejected> {
    let mut json = String::new();
    let value = source.value(row).map_err(|problem| *problem.reason)?;
    // A write to memory cannot fail.
    match value {
        Value::Double(value) if value.is_nan() => json.push_str("null"),
        Value::Double(value) => _ = write!(json, "{value:?}"),
        Value::Int64(value) => _ = write!(json, "{value}"),
        Value::Bool(value) => _ = write!(json, "{value}"),
        Value::Text(text) => json = serde_json::Value::from(row.str(text)).to_string(),
        Value::Json(text) => json.push_str(row.str(text)),
    }
    Ok(json)
}
