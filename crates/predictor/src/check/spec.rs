//! Compares the serving spec with the model's inputs and outputs, and applies it to one record.

use std::fmt::Display;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::directory::ModelDirectory;
use crate::model::{Description, Model};
use crate::{Document, Plan, Provenance};
use serving_spec::FeaturePlan;
use serving_spec::ServingSpec;

use super::report::Report;

/// Compiles the serving spec, and prints the feature plan as a table. With a record, it also prints the
/// values and the prediction.
pub(super) fn compare(
    report: &mut Report,
    description: &Description,
    model: &Model,
    directory: &ModelDirectory,
    record: Option<&[u8]>,
) {
    let spec = &description.spec;
    report.line("serving spec", if *spec == ServingSpec::default() { "none" } else { "given" });
    let version = description.run_id.as_deref().unwrap_or_default();
    let Some(plan) = report.keep(Plan::compile(description, version, model, directory)) else { return };
    table(report, plan.features(), record);
    let names: Vec<_> = spec.result.keys().map(|name| format!("`{name}`")).collect();
    report.detail(
        "result",
        &if names.is_empty() { "the outputs, by name".to_owned() } else { names.join(", ") },
    );
    if let Some(json) = record {
        let document = Document { json, provenance: Provenance::default() };
        for scored in plan.score(model, &[document]) {
            if scored.result.is_err() {
                report.reject_record();
            }
            let prediction = scored.result.as_deref().map(prediction);
            report.line("prediction", &prediction.unwrap_or_else(|rejected| rejection(&rejected)));
        }
    }
}

/// Extracts the member `prediction` of a result.
fn prediction(result: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Prediction<'a> {
        #[serde(borrow)]
        prediction: &'a RawValue,
    }
    serde_json::from_slice(result)
        .map_or_else(|error| error.to_string(), |Prediction { prediction }| prediction.to_string())
}

fn rejection(rejected: &dyn Display) -> String {
    format!("rejected: {rejected}")
}

/// Prints one line per feature: its name, transform and type, and its value for the record.
fn table(report: &mut Report, plan: &FeaturePlan, record: Option<&[u8]>) {
    let values = match record.map(|record| plan.values(record)) {
        Some(Ok(values)) => values.into_iter().map(|(_, value)| value).collect(),
        Some(Err(rejected)) => {
            report.line("record", &rejection(&rejected));
            Vec::new()
        }
        None => Vec::new(),
    };
    let rows = plan.describe().enumerate().map(|(index, (name, transform, types))| {
        let ty = match &types[..] {
            [ty] => ty.to_string(),
            types => format!("{} × {}", types.len(), types[0]),
        };
        [format!("`{name}`"), transform.to_owned(), ty, values.get(index).cloned().unwrap_or_default()]
    });
    let rows: Vec<[String; 4]> = rows.collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for (index, [name, transform, ty, value]) in rows.iter().enumerate() {
        let label = if index == 0 { "features" } else { "" };
        let [a, b, c] = widths;
        report.detail(label, &format!("{name:a$}  {transform:b$}  {ty:c$}  {value}"));
    }
}
