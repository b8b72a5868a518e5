//! Finds a model where MLflow logged it, on S3 or in a folder, without the tracking server, and brings it onto this
//! machine.
//!
//! MLflow 2 stores a model in `<experiment>/<run>/artifacts/<name>/`. MLflow 3 stores it in
//! `<experiment>/models/m-<32 hex digits>/artifacts/`, and only the `MLmodel` file there names the run.

mod folder;
mod store;

pub use folder::open;

use std::fmt::Display;

use anyhow::{Context, Result, bail};
use aws_sdk_s3::Client;

use crate::aws::{TimeLimit, download};
use crate::config::ModelLocation;
use limits::names::some_of;
use predictor::model::DEFAULT_FILE;
use predictor::model::directory::ModelDirectory;
use predictor::model::mlmodel::{self, Logged};
use predictor::plain_text::setting;

/// Finds the model directory, and downloads it if it is on S3. A location may be that of a run, which holds the model
/// somewhere below.
///
/// # Errors
/// When it is not there, is ambiguous, is too large, or S3 does not answer in time.
pub async fn fetch(
    location: &ModelLocation,
    s3: Option<&Client>,
    limit: &TimeLimit,
) -> Result<ModelDirectory> {
    let client = || s3.context("a model on S3 needs an S3 client");
    let prefix = match location {
        ModelLocation::Folder(path) => {
            let location = setting(&path.to_string_lossy());
            return open(path).with_context(|| format!("MODEL_LOCATION={location}"));
        }
        ModelLocation::Prefix(prefix) => store::below(client()?, prefix, limit).await?,
        ModelLocation::Run { root, experiment, run_id } => {
            let run = store::of_run(client()?, root, experiment, run_id, limit).await?;
            store::Listed::of(client()?, run, limit).await?
        }
    };
    let folder =
        tempfile::Builder::new().prefix("model-").tempdir().context("making a folder for the model")?;
    download::download(client()?, &prefix.directory, &prefix.objects, folder.path(), limit).await?;
    Ok(ModelDirectory::downloaded(folder, prefix.directory.to_string()))
}

/// Whether these names, relative to a directory, are those of a model directory.
fn is_model_directory<'n>(mut names: impl Iterator<Item = &'n str>) -> bool {
    names.any(|name| matches!(name, mlmodel::FILE | DEFAULT_FILE))
}

/// Chooses the only ONNX model of those that a run logged. None if it logged no model.
///
/// # Errors
/// When there are several, or models of other flavors only.
fn only_onnx<P: Display + Clone>(run: &str, logged: &[(P, Logged)]) -> Result<Option<P>> {
    let onnx: Vec<&P> = logged.iter().filter(|(_, logged)| logged.is_onnx()).map(|(at, _)| at).collect();
    match (onnx.as_slice(), logged) {
        ([directory], _) => Ok(Some((*directory).clone())),
        ([], []) => Ok(None),
        ([], [(directory, logged), ..]) => bail!(
            "{run}: expected an ONNX model, found one of flavor {} in {directory}: export it to ONNX, and log it into \
            the same run, as docs/models.md shows",
            some_of(&logged.flavors)
        ),
        (several, _) => {
            let names: Vec<_> = several.iter().map(ToString::to_string).collect();
            bail!(
                "{run}: expected one ONNX model, found {}: {}; set MODEL_LOCATION to one of them",
                several.len(),
                names.join(", ")
            )
        }
    }
}
