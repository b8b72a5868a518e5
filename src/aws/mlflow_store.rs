//! Finds a run's model in an MLflow artifact store on S3, without the tracking server.
//!
//! MLflow 2 stores the model in `<experiment>/<run>/artifacts/<name>/`. MLflow 3 stores it in
//! `<experiment>/models/m-<32 hex digits>/artifacts/`, and only the `MLmodel` file there names the run.

use anyhow::{Context, Result, bail};
use aws_sdk_s3::Client;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::config::S3Prefix;
use predictor::model::mlmodel::{self, Logged};

use super::{TimeLimit, s3};

/// The most artifacts of a run: models, plots, tables and data.
const MAX_ARTIFACTS: usize = 20_000;

/// The most logged models of an experiment.
const MAX_MODELS: usize = 20_000;

/// The number of `MLmodel` files that are read at the same time.
const CONCURRENCY: usize = 32;

/// Finds the directory of the run's model.
///
/// # Errors
/// When the run does not have exactly one ONNX model, or S3 fails or takes too long. The error names the searched
/// places, or the models.
pub(super) async fn resolve(
    s3: &Client,
    root: &S3Prefix,
    experiment: &str,
    run_id: &str,
    limit: &TimeLimit,
) -> Result<S3Prefix> {
    let artifacts = root.join(&format!("{experiment}/{run_id}/artifacts"));
    let models = root.join(&format!("{experiment}/models"));
    let mut logged = read_all(s3, in_run(s3, &artifacts, limit).await?, limit).await?;
    logged.retain(|(_, logged)| logged.is_onnx);
    let mut searched = 0;
    if logged.is_empty() {
        let directories = in_experiment(s3, &models, limit).await?;
        searched = directories.len();
        logged = read_all(s3, directories, limit).await?;
        logged.retain(|(_, logged)| logged.is_onnx && logged.run_id.as_deref() == Some(run_id));
    }
    match logged.as_slice() {
        [(directory, _)] => Ok(directory.clone()),
        [] => bail!(
            "RUN_ID={run_id}: expected an ONNX model, found none: neither as {artifacts}/*/MLmodel (MLflow 2), nor as \
            the run_id in one of {searched} files {models}/m-*/artifacts/MLmodel (MLflow 3); check RUN_ID, \
            MODEL_BUCKET and MLFLOW_EXPERIMENT_ID",
        ),
        several => {
            let names: Vec<_> = several.iter().map(|(directory, _)| directory.to_string()).collect();
            bail!(
                "RUN_ID={run_id}: expected one ONNX model, found {}: {}; set MODEL_LOCATION to one of them",
                several.len(),
                names.join(", ")
            )
        }
    }
}

/// Finds the folders with an `MLmodel` among the run's artifacts, as MLflow 2 stores them.
async fn in_run(s3: &Client, artifacts: &S3Prefix, limit: &TimeLimit) -> Result<Vec<S3Prefix>> {
    let objects = s3::list(s3, artifacts, MAX_ARTIFACTS, limit).await?;
    let folders =
        objects.iter().filter_map(|object| object.name.strip_suffix(mlmodel::FILE)?.strip_suffix('/'));
    Ok(folders.map(|folder| artifacts.join(folder)).collect())
}

/// Finds the artifacts of the experiment's logged models, as MLflow 3 stores them.
async fn in_experiment(s3: &Client, models: &S3Prefix, limit: &TimeLimit) -> Result<Vec<S3Prefix>> {
    let folders = s3::list_folders(s3, models, MAX_MODELS, limit).await?;
    let folders = folders.iter().filter(|folder| folder.starts_with("m-"));
    Ok(folders.map(|folder| models.join(&format!("{folder}/artifacts"))).collect())
}

/// Reads the `MLmodel` files of directories. A file is skipped if it is missing, because its model is just
/// being logged, or if it cannot be parsed, because a later MLflow wrote it. Such a model belongs to another
/// run.
async fn read_all(
    s3: &Client,
    directories: Vec<S3Prefix>,
    limit: &TimeLimit,
) -> Result<Vec<(S3Prefix, Logged)>> {
    let read = |directory: S3Prefix| async move {
        let file = directory.join(mlmodel::FILE);
        let bytes = s3::read_small(s3, &file, mlmodel::MAX_BYTES, limit).await;
        let bytes = bytes.with_context(|| format!("reading {file}"))?;
        let logged = bytes.and_then(|bytes| Logged::parse(std::str::from_utf8(&bytes).ok()?));
        anyhow::Ok(logged.map(|logged| (directory, logged)))
    };
    let found: Vec<_> = stream::iter(directories).map(read).buffered(CONCURRENCY).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}
