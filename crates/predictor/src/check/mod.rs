//! `stream-predictor check`: reports whether the function would serve the model of a directory. It lists all
//! facts about the model, and every reason against serving it, not only the first.

mod graph;
mod report;
mod signature;
mod spec;
mod timing;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Error, Result};
use limits::Clock;
use onnx_ml::summary::Summary;

use crate::DEFAULT_NAME;
use crate::model::directory::ModelDirectory;
use crate::model::signature::Signature;
use crate::model::{DEFAULT_FILE, Description, Model, mlmodel};
use serving_spec::ServingSpec;
use serving_spec::columns::{Rows, Values};
use serving_spec::result::ResultPlan;

pub use report::Report;

/// The number of predictions of the input example that are shown.
const SHOWN: usize = 3;

/// Checks the model of a directory. With `record`, a JSON document, it also computes the features and the
/// prediction.
#[must_use]
pub fn check(directory: &ModelDirectory, record: Option<&[u8]>) -> Report {
    let mut report = Report::default();
    report.line("model", directory.origin());
    let description = report.keep(Description::read(directory));
    if let Some(description) = &description {
        report.detail("run", description.run_id.as_deref().unwrap_or("none in MLmodel: set RUN_ID"));
        let name = description.spec.name.as_ref().or(description.name.as_ref());
        report.detail("name", name.map_or(DEFAULT_NAME, String::as_str));
    }
    // Without a description, the graph is looked for under its usual name.
    let file = description.as_ref().map_or(DEFAULT_FILE, |description| &description.file);
    if let Some(path) = report.keep(directory.file(file)) {
        model(&mut report, directory, (file, &path), description.as_ref(), record);
    }
    report
}

fn model(
    report: &mut Report,
    directory: &ModelDirectory,
    (file, path): (&str, &Path),
    description: Option<&Description>,
    record: Option<&[u8]>,
) {
    let size = std::fs::metadata(path).with_context(|| file.to_owned());
    let Some(size) = report.keep(size) else { return };
    report.detail("file", &format!("{file}, {} bytes", size.len()));

    let summary = Summary::read(path).ok();
    let start = Instant::now();
    let model = report.keep(Model::load(directory, file, &Clock::unlimited()));
    let first_load = start.elapsed();
    if let Some(summary) = &summary {
        graph::describe(report, summary, model.as_ref());
        let signature = directory.text(mlmodel::FILE, mlmodel::MAX_BYTES);
        let signature = signature.and_then(|text| text.map_or(Ok(None), |text| Signature::parse(&text)));
        signature::compare(report, signature, summary, model.as_ref());
    }
    let Some(model) = model else { return };
    if let Some(description) = description {
        spec::compare(report, description, &model, directory, record);
    }
    if report.keep(model.warm_up()).is_none() {
        return;
    }
    let example = report.keep(model.example(directory)).flatten();
    timing::measure(report, first_load, &model, example.as_ref());
    if let Some(rows) = example {
        report.line("example", &format!("{} row{}", rows.len, if rows.len == 1 { "" } else { "s" }));
        report.keep(model.test_example(&rows));
        let shown = predictions(&model, &rows);
        for (row, prediction) in shown.into_iter().flatten().enumerate() {
            report.detail(&format!("row {row}"), &prediction);
        }
    }
}

/// Computes the first predictions for an example, as JSON.
fn predictions(model: &Model, rows: &Rows) -> Result<Vec<String>> {
    let plan = ResultPlan::compile(&ServingSpec::default().result, model.outputs(), "", "")?;
    let rows = rows.slice(&(0..rows.len.min(SHOWN)));
    let outputs: Vec<Values> = model.run(&rows)?;
    let prediction = |row| {
        let mut json = Vec::new();
        plan.push_prediction(&mut json, &outputs, row, &[]).map_err(Error::msg)?;
        Ok(String::from_utf8(json)?)
    };
    (0..rows.len).map(prediction).collect()
}
