//! Finds the model that a command names.

use anyhow::{Context, Result};
use aws_config::retry::RetryConfig;
use tokio::time::Instant;

use crate::aws::{self, TimeLimit, clients};
use crate::cold_start;
use crate::config::{ModelLocation, s3_path_style};
use crate::environment::variable;
use predictor::model::directory::ModelDirectory;
use predictor::plain_text::setting;

/// The model's directory at a location, which is downloaded if it is on S3.
///
/// # Errors
/// When the location is no folder and no `s3://` address, or the directory cannot be read.
pub(super) async fn at(location: &str) -> Result<ModelDirectory> {
    let place = ModelLocation::parse(location);
    let shown = setting(location);
    let place = place.with_context(|| format!("`{shown}`: expected s3://bucket/prefix or a folder"))?;
    if let ModelLocation::Folder(path) = &place {
        return ModelDirectory::open(path).with_context(|| format!("`{shown}`"));
    }
    let path_style = s3_path_style(&variable)?;
    let s3 = clients::s3(&clients::settings().await?, path_style, RetryConfig::standard());
    aws::fetch(&place, Some(&s3), &fetch_limit()).await
}

/// The time in which a command must have its model.
pub(super) fn fetch_limit() -> TimeLimit {
    TimeLimit::at(Instant::now() + cold_start::LIMIT)
}
