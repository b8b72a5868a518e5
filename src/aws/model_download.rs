//! Brings the model directory onto this machine.

use anyhow::{Context, Result};
use aws_sdk_s3::Client;

use crate::config::ModelLocation;
use predictor::model::directory::ModelDirectory;
use predictor::plain_text::setting;

use super::{TimeLimit, download, mlflow_store};

/// Finds the model directory, and downloads it if it is on S3.
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
            return ModelDirectory::open(path).with_context(|| format!("MODEL_LOCATION={location}"));
        }
        ModelLocation::Prefix(prefix) => prefix.clone(),
        ModelLocation::Run { root, experiment, run_id } => {
            mlflow_store::resolve(client()?, root, experiment, run_id, limit).await?
        }
    };
    let folder =
        tempfile::Builder::new().prefix("model-").tempdir().context("making a folder for the model")?;
    download::download(client()?, &prefix, folder.path(), limit).await?;
    Ok(ModelDirectory::downloaded(folder, prefix.to_string()))
}
