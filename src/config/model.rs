//! Where the model is: `RUN_ID`, `MODEL_BUCKET`, `MLFLOW_EXPERIMENT_ID`, or `MODEL_LOCATION`.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::S3Prefix;

/// The experiment that MLflow creates by itself is 0; the first that a person creates is 1.
const DEFAULT_EXPERIMENT: &str = "1";

/// Where a model directory is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelLocation {
    /// `MODEL_LOCATION`, a folder of this machine.
    Folder(PathBuf),
    /// `MODEL_LOCATION`, an `s3://` prefix.
    Prefix(S3Prefix),
    /// `RUN_ID`, found below the experiment of an MLflow artifact store.
    Run {
        /// `MODEL_BUCKET`: the artifact root.
        root: S3Prefix,
        /// `MLFLOW_EXPERIMENT_ID`
        experiment: String,
        /// `RUN_ID`
        run_id: String,
    },
}

impl ModelLocation {
    /// Reads a folder or `s3://bucket/prefix`; `None` for other addresses.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("s3://") {
            Some(rest) => S3Prefix::parse(rest).map(Self::Prefix),
            None => (!text.contains("://")).then(|| Self::Folder(text.into())),
        }
    }

    /// Whether it is on S3.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        !matches!(self, Self::Folder(_))
    }
}

/// Reads the model's variables, and `RUN_ID` as it was read.
pub(super) fn model_location(
    get: &impl Fn(&str) -> Option<String>,
    run_id: Option<String>,
) -> Result<ModelLocation> {
    if let Some(location) = get("MODEL_LOCATION") {
        return ModelLocation::parse(&location).with_context(|| {
            format!("MODEL_LOCATION={location}: allowed are s3://bucket/prefix and a folder")
        });
    }
    let run_id =
        run_id.context("RUN_ID is not set: give the MLflow run id of the model, or MODEL_LOCATION")?;
    let bucket = get("MODEL_BUCKET")
        .context("MODEL_BUCKET is not set: give the bucket of the MLflow artifacts, or MODEL_LOCATION")?;
    let root = S3Prefix::parse(bucket.strip_prefix("s3://").unwrap_or(&bucket))
        .with_context(|| format!("MODEL_BUCKET={bucket}: allowed are a bucket's name and bucket/prefix"))?;
    let experiment = get("MLFLOW_EXPERIMENT_ID").unwrap_or_else(|| DEFAULT_EXPERIMENT.to_owned());
    ensure!(
        is_id(&experiment),
        "MLFLOW_EXPERIMENT_ID={experiment}: allowed are letters, digits, `-`, `_` and `.`, usually just a number"
    );
    Ok(ModelLocation::Run { root, experiment, run_id })
}

/// Ids become parts of keys: nothing that could lead out of their place.
pub(super) fn is_id(text: &str) -> bool {
    text.len() <= 256
        && !text.starts_with('.')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
