//! Finds a run's model in an MLflow artifact store on S3, without the tracking server.
//!
//! MLflow 2 keeps it in `<experiment>/<run>/artifacts/<name>/`. MLflow 3 keeps it in
//! `<experiment>/models/m-<32 hex digits>/artifacts/`, where only the `MLmodel` file tells the run.

use anyhow::{Context, Result, bail};
use aws_sdk_s3::Client;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::config::S3Prefix;
use predictor::model::mlmodel::{self, Logged};

use super::s3;

/// A run's artifacts, beside the model: plots, tables, data.
const MAX_ARTIFACTS: usize = 20_000;

/// Logged models of an experiment whose `MLmodel` is read.
const MAX_MODELS: usize = 20_000;

/// `MLmodel` files under way at once.
const CONCURRENCY: usize = 32;

/// The directory of the run's model.
///
/// # Errors
/// When there is none or more than one, naming where it was looked for or what was found; when S3 fails.
pub(super) async fn resolve(
    s3: &Client,
    root: &S3Prefix,
    experiment: &str,
    run_id: &str,
) -> Result<S3Prefix> {
    let artifacts = root.join(&format!("{experiment}/{run_id}/artifacts"));
    let models = root.join(&format!("{experiment}/models"));
    let mut logged = read_all(s3, in_run(s3, &artifacts).await?).await?;
    logged.retain(|(_, logged)| logged.is_onnx);
    let mut looked_at = 0;
    if logged.is_empty() {
        let directories = in_experiment(s3, &models).await?;
        looked_at = directories.len();
        logged = read_all(s3, directories).await?;
        logged.retain(|(_, logged)| logged.is_onnx && logged.run_id.as_deref() == Some(run_id));
    }
    match logged.as_slice() {
        [(directory, _)] => Ok(directory.clone()),
        [] => bail!(
            "RUN_ID={run_id}: no ONNX model: neither {artifacts}/*/MLmodel (MLflow 2) nor its run_id in one of the \
             {looked_at} {models}/m-*/artifacts/MLmodel (MLflow 3); check RUN_ID, MODEL_BUCKET and MLFLOW_EXPERIMENT_ID",
        ),
        several => {
            let names: Vec<_> = several.iter().map(|(directory, _)| directory.to_string()).collect();
            bail!(
                "RUN_ID={run_id} has {} ONNX models: {}; set MODEL_LOCATION to the one",
                several.len(),
                names.join(", ")
            )
        }
    }
}

/// MLflow 2: the folders with an `MLmodel` among the run's artifacts.
async fn in_run(s3: &Client, artifacts: &S3Prefix) -> Result<Vec<S3Prefix>> {
    let objects = s3::list(s3, artifacts, MAX_ARTIFACTS).await?;
    let folders =
        objects.iter().filter_map(|object| object.name.strip_suffix(mlmodel::FILE)?.strip_suffix('/'));
    Ok(folders.map(|folder| artifacts.join(folder)).collect())
}

/// MLflow 3: the artifacts of the experiment's logged models.
async fn in_experiment(s3: &Client, models: &S3Prefix) -> Result<Vec<S3Prefix>> {
    let folders = s3::list_folders(s3, models, MAX_MODELS).await?;
    let folders = folders.iter().filter(|folder| folder.starts_with("m-"));
    Ok(folders.map(|folder| models.join(&format!("{folder}/artifacts"))).collect())
}

/// What the `MLmodel` files of directories say. One that is not there, as of a model that is being logged, or can't be
/// understood, as of a later MLflow, is passed over: it is another run's.
async fn read_all(s3: &Client, directories: Vec<S3Prefix>) -> Result<Vec<(S3Prefix, Logged)>> {
    let read = |directory: S3Prefix| async move {
        let file = directory.join(mlmodel::FILE);
        let bytes = s3::read_small(s3, &file, mlmodel::MAX_BYTES).await.with_context(|| file.to_string())?;
        let logged = bytes.and_then(|bytes| Logged::parse(std::str::from_utf8(&bytes).ok()?));
        anyhow::Ok(logged.map(|logged| (directory, logged)))
    };
    let found: Vec<_> = stream::iter(directories).map(read).buffered(CONCURRENCY).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}
