//! `check`: whether the function would serve a model.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::model;

/// Prints what is known of the model; fails if the function would not serve it, or rejects the record.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(name: Option<&str>, record: Option<&Path>) -> Result<ExitCode> {
    let record = record
        .map(|file| std::fs::read(file).with_context(|| format!("`{}`", file.display())))
        .transpose()?;
    let directory = model::named(name).await?;
    // A panic in an operator is reported as a problem of the model.
    std::panic::set_hook(Box::new(|_| {}));
    let report = predictor::check::check(&directory, record.as_deref());
    print!("{report}");
    let is_good = report.would_serve() && !report.rejects_record();
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
