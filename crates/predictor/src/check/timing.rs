//! Measures the time to load the model and to predict a row.

use std::time::{Duration, Instant};

use crate::model::Model;
use serving_spec::columns::{Rows, Sparse, Values};

use super::report::Report;

/// Rows per call: a single record, the usual batch, and the largest batch that Lambda reads from a stream.
const BATCHES: [usize; 3] = [1, 100, 10_000];

/// The time spent on a batch size. At least one call is measured.
const BUDGET: Duration = Duration::from_millis(300);

/// The most calls per batch size. More calls would not change the median.
const MAX_CALLS: usize = 1_000;

/// Measures the model on the rows of its example, repeated as needed. Without an example, the rows are zeros.
pub(super) fn measure(report: &mut Report, load: Duration, model: &Model, example: Option<&Rows>) {
    report.line("load", &format!("{:.1} ms", load.as_secs_f64() * 1e3));
    let zeros = model.zeros();
    let rows = example.filter(|rows| rows.len > 0).unwrap_or(&zeros);
    for batch in BATCHES {
        let rows = repeated(rows, batch);
        if let Some(median) = median_of_calls(model, &rows) {
            let micros = median.as_secs_f64() * 1e6 / batch as f64;
            let label = if batch == 1 { "1 row".to_owned() } else { format!("{batch} rows") };
            report.detail(&label, &format!("{micros:.2} µs a row"));
        }
    }
}

/// The median time of a call; `None` if the model fails on these rows.
fn median_of_calls(model: &Model, rows: &Rows) -> Option<Duration> {
    let entries = rows.inputs.iter().map(|values| match values {
        Values::Sparse(sparse) => sparse.entries,
        _ => 0,
    });
    let max_rows = model.max_rows(entries.max().unwrap_or(0));
    let start = Instant::now();
    let mut calls = Vec::new();
    while calls.is_empty() || start.elapsed() < BUDGET && calls.len() < MAX_CALLS {
        let call = Instant::now();
        // As in serving, one run takes at most `max_rows` rows.
        for from in (0..rows.len).step_by(max_rows) {
            let to = rows.len.min(from.saturating_add(max_rows));
            if to - from == rows.len {
                model.run(rows).ok()?;
            } else {
                model.run(&rows.slice(&(from..to))).ok()?;
            }
        }
        calls.push(call.elapsed());
    }
    calls.sort();
    calls.get(calls.len() / 2).copied()
}

/// Returns `len` rows. After the last row, it starts again with the first.
fn repeated(rows: &Rows, len: usize) -> Rows {
    fn cycle<T: Clone>(values: &[T], rows: &Rows, len: usize) -> Vec<T> {
        values.iter().cycle().take(values.len() / rows.len * len).cloned().collect()
    }
    let inputs = rows.inputs.iter().map(|values| match values {
        Values::Float(v) => Values::Float(cycle(v, rows, len)),
        Values::Double(v) => Values::Double(cycle(v, rows, len)),
        Values::Int64(v) => Values::Int64(cycle(v, rows, len)),
        Values::Int32(v) => Values::Int32(cycle(v, rows, len)),
        Values::Bool(v) => Values::Bool(cycle(v, rows, len)),
        Values::String(v) => Values::String(cycle(v, rows, len)),
        Values::Sparse(sparse) => Values::Sparse(Sparse {
            columns: cycle(&sparse.columns, rows, len),
            values: cycle(&sparse.values, rows, len),
            entries: sparse.entries,
        }),
    });
    Rows { inputs: inputs.collect(), len }
}
