//! The serving spec, against what the model takes and gives; and what it makes of one record.

use anyhow::{Context, Error, Result};

use crate::model::Model;
use crate::model::directory::ModelDirectory;
use serving_spec::ServingSpec;
use serving_spec::features::FeaturePlan;
use serving_spec::result::ResultPlan;

use super::report::Report;

/// Compares, and tells the plan of the features as a table; with the values of a record, if there is one.
pub(super) fn compare(
    report: &mut Report,
    spec: &ServingSpec,
    model: &Model,
    directory: &ModelDirectory,
    record: Option<&[u8]>,
) {
    report.line("serving spec", if *spec == ServingSpec::default() { "none" } else { "given" });
    let result = ResultPlan::compile(&spec.result, model.outputs(), "", "").context("serving spec");
    let result = report.keep(result);
    let echoed = result.as_ref().map(ResultPlan::echoed).unwrap_or_default();
    let files = |name: &str| directory.file(name);
    let plan =
        FeaturePlan::compile(&spec.feature_parts(), model.inputs(), &echoed, &files).context("serving spec");
    let Some(plan) = report.keep(plan) else { return };
    table(report, &plan, record);
    let names: Vec<_> = spec.result.keys().map(|name| format!("`{name}`")).collect();
    report.detail(
        "result",
        &if names.is_empty() { "the outputs by name".to_owned() } else { names.join(", ") },
    );
    if let (Some(record), Some(result)) = (record, result) {
        match predict(&plan, &result, model, record) {
            Ok(prediction) => report.line("prediction", &prediction),
            Err(rejected) => report.line("prediction", &format!("rejected: {rejected:#}")),
        }
    }
}

/// A line a feature: its name, transform and type, and its value for the record.
fn table(report: &mut Report, plan: &FeaturePlan, record: Option<&[u8]>) {
    let values = match record.map(|record| plan.values(record)) {
        Some(Ok(values)) => values.into_iter().map(|(_, value)| value).collect(),
        Some(Err(rejected)) => {
            report.line("record", &format!("rejected: {rejected}"));
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

/// The `prediction` of one record, as JSON.
fn predict(plan: &FeaturePlan, result: &ResultPlan, model: &Model, record: &[u8]) -> Result<String> {
    let (mut row, mut rows) = (plan.row(), plan.rows());
    plan.extract(record, &mut row, &mut rows)?;
    let outputs = model.run(&rows)?;
    let echoed: Vec<_> =
        result.echoed().iter().map(|path| plan.slot(path).and_then(|slot| row.field(slot))).collect();
    let mut json = Vec::new();
    result.push_prediction(&mut json, &outputs, 0, &echoed).map_err(Error::msg)?;
    Ok(String::from_utf8(json)?)
}
