//! The location of the model: `RUN_ID`, `MODEL_BUCKET` and `MLFLOW_EXPERIMENT_ID`, or `MODEL_LOCATION`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use predictor::plain_text::setting;

use super::S3Prefix;

/// The default experiment. MLflow itself creates 0, and the first one that a person creates is 1.
const DEFAULT_EXPERIMENT: &str = "1";

/// The location of a model directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelLocation {
    /// `MODEL_LOCATION`: a folder on this machine.
    Folder(PathBuf),
    /// `MODEL_LOCATION`: an `s3://` prefix.
    Prefix(S3Prefix),
    /// `RUN_ID`: a run in an MLflow artifact store.
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
    /// Parses a folder or `s3://bucket/prefix`. `None` for other addresses.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("s3://") {
            Some(rest) => S3Prefix::parse(rest).map(Self::Prefix),
            None => (!text.contains("://")).then(|| Self::Folder(text.into())),
        }
    }

    /// The model that a command names: a folder, an `s3://` address, or a run id of the store that the variables name.
    /// Without a name it is that of the function with these variables.
    ///
    /// # Errors
    /// When the name is something else, or a variable is missing or wrong.
    pub fn named(name: Option<&str>, get: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        match name {
            None => model_location(&get, get("RUN_ID")),
            Some(run_id) if is_run_id(run_id) && !Path::new(run_id).exists() => model_location(
                &|name| get(name).filter(|_| name != "MODEL_LOCATION"),
                Some(run_id.to_owned()),
            ),
            Some(address) => Self::parse(address).with_context(|| {
                format!("`{}`: expected a folder, s3://bucket/prefix or a run id", setting(address))
            }),
        }
    }

    /// Whether it is on S3.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        !matches!(self, Self::Folder(_))
    }
}

/// Reads the variables of the model. `run_id` is the value of `RUN_ID`.
pub(super) fn model_location(
    get: &impl Fn(&str) -> Option<String>,
    run_id: Option<String>,
) -> Result<ModelLocation> {
    if let Some(location) = get("MODEL_LOCATION") {
        return ModelLocation::parse(&location).with_context(|| {
            format!("MODEL_LOCATION={}: expected s3://bucket/prefix or a folder", setting(&location))
        });
    }
    let run_id =
        run_id.context("RUN_ID is not set: give the MLflow run id of the model, or MODEL_LOCATION")?;
    let bucket = get("MODEL_BUCKET")
        .context("MODEL_BUCKET is not set: give the bucket of the MLflow artifacts, or MODEL_LOCATION")?;
    let root = S3Prefix::parse(bucket.strip_prefix("s3://").unwrap_or(&bucket)).with_context(|| {
        format!("MODEL_BUCKET={}: expected the name of a bucket, or bucket/prefix", setting(&bucket))
    })?;
    let experiment = get("MLFLOW_EXPERIMENT_ID").unwrap_or_else(|| DEFAULT_EXPERIMENT.to_owned());
    ensure!(
        is_id(&experiment),
        "MLFLOW_EXPERIMENT_ID={}: expected letters, digits, `-`, `_` and `.`, usually a number",
        setting(&experiment)
    );
    Ok(ModelLocation::Run { root, experiment, run_id })
}

/// Whether the text looks like the id of a run: 32 digits of hexadecimal.
#[must_use]
pub fn is_run_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether the text is an id. Ids become parts of S3 keys, so they must not lead to another folder.
pub(super) fn is_id(text: &str) -> bool {
    text.len() <= 256
        && !text.starts_with('.')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
