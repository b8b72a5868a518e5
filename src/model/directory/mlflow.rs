//! Finds a run's model in an MLflow artifact store on S3, without the tracking server.
//!
//! MLflow 2 keeps it in `<experiment>/<run>/artifacts/<name>/`. MLflow 3 keeps it in
//! `<experiment>/models/m-<32 hex digits>/artifacts/`, where only the `MLmodel` file tells the run.

use anyhow::{Result, bail};
use aws_sdk_s3::Client;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::config::S3Prefix;
use crate::model::mlmodel;

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
    let mut found = in_run(s3, root, experiment, run_id).await?;
    let mut looked_at = 0;
    if found.is_empty() {
        (found, looked_at) = in_experiment(s3, root, experiment, run_id).await?;
    }
    match found.as_slice() {
        [model] => Ok(model.clone()),
        [] => bail!(
            "RUN_ID={run_id}: no model: neither {}/*/MLmodel (MLflow 2) nor its run_id in one of the {looked_at} \
             {}/m-*/artifacts/MLmodel (MLflow 3); check RUN_ID, MODEL_BUCKET and MLFLOW_EXPERIMENT_ID",
            artifacts_of(root, experiment, run_id),
            models_of(root, experiment),
        ),
        several => {
            let names: Vec<_> = several.iter().map(ToString::to_string).collect();
            bail!(
                "RUN_ID={run_id} has {} models: {}; set MODEL_LOCATION to the one",
                several.len(),
                names.join(", ")
            )
        }
    }
}

fn artifacts_of(root: &S3Prefix, experiment: &str, run_id: &str) -> S3Prefix {
    root.join(&format!("{experiment}/{run_id}/artifacts"))
}

fn models_of(root: &S3Prefix, experiment: &str) -> S3Prefix {
    root.join(&format!("{experiment}/models"))
}

/// MLflow 2: the folders with an `MLmodel` among the run's artifacts.
async fn in_run(s3: &Client, root: &S3Prefix, experiment: &str, run_id: &str) -> Result<Vec<S3Prefix>> {
    let artifacts = artifacts_of(root, experiment, run_id);
    let objects = s3::list(s3, &artifacts, MAX_ARTIFACTS).await?;
    let folders = objects.iter().filter_map(|object| object.name.strip_suffix("MLmodel")?.strip_suffix('/'));
    Ok(folders.map(|folder| artifacts.join(folder)).collect())
}

/// MLflow 3: the experiment's logged models whose `MLmodel` names the run, and how many were looked at.
async fn in_experiment(
    s3: &Client,
    root: &S3Prefix,
    experiment: &str,
    run_id: &str,
) -> Result<(Vec<S3Prefix>, usize)> {
    let models = models_of(root, experiment);
    let folders = s3::list_folders(s3, &models, MAX_MODELS).await?;
    let directories: Vec<S3Prefix> =
        folders.iter().map(|folder| models.join(&format!("{folder}/artifacts"))).collect();
    let runs: Vec<Option<String>> = stream::iter(&directories)
        .map(|directory| run_of(s3, directory))
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let of_run = directories.iter().zip(&runs).filter(|(_, run)| run.as_deref() == Some(run_id));
    Ok((of_run.map(|(directory, _)| directory.clone()).collect(), directories.len()))
}

/// The run that logged the model; `None` for a model without `MLmodel`, as one that is being logged.
async fn run_of(s3: &Client, directory: &S3Prefix) -> Result<Option<String>> {
    let file = directory.join(mlmodel::FILE);
    let Some(bytes) = s3::read_small(s3, &file, mlmodel::MAX_BYTES).await? else {
        return Ok(None);
    };
    // A model of another run may hold what can't be read here: it is none of ours, and no error.
    Ok(std::str::from_utf8(&bytes).ok().and_then(mlmodel::run_id))
}
