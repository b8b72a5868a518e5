//! Finds the model that a command names.

use anyhow::{Context, Result};
use aws_config::retry::RetryConfig;
use tokio::time::Instant;

use crate::aws::{TimeLimit, clients};
use crate::config::{ModelLocation, s3_path_style};
use crate::environment::variable;
use crate::{cold_start, mlflow};
use predictor::model::directory::ModelDirectory;
use predictor::plain_text::setting;

/// The directory of the model that a command names; see [`ModelLocation::named`]. It is downloaded if it is on S3.
///
/// # Errors
/// When the model is missing, or S3 fails or takes too long.
pub(super) async fn named(name: Option<&str>) -> Result<ModelDirectory> {
    let location = ModelLocation::named(name, variable)?;
    if let (ModelLocation::Folder(path), Some(name)) = (&location, name) {
        return mlflow::open(path).with_context(|| format!("`{}`", setting(name)));
    }
    let s3 = if location.is_remote() {
        let path_style = s3_path_style(&variable)?;
        Some(clients::s3(&clients::settings().await?, path_style, RetryConfig::standard()))
    } else {
        None
    };
    mlflow::fetch(&location, s3.as_ref(), &fetch_limit()).await
}

/// The time in which a command must have its model.
pub(super) fn fetch_limit() -> TimeLimit {
    TimeLimit::at(Instant::now() + cold_start::LIMIT)
}
