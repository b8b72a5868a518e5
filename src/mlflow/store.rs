//! Looks for models in an artifact store on S3.

use anyhow::{Context, Result, bail};
use aws_sdk_s3::Client;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::aws::TimeLimit;
use crate::aws::s3::{self, Object};
use crate::config::{S3Prefix, is_run_id};
use predictor::model::mlmodel::{self, Logged};

use super::{is_model_directory, only_onnx};

/// The most artifacts of a run: models, plots, tables and data.
const MAX_ARTIFACTS: usize = 20_000;

/// The most logged models of an experiment.
const MAX_MODELS: usize = 20_000;

/// The number of `MLmodel` files that are read at the same time.
const CONCURRENCY: usize = 32;

/// A directory on S3, and what is below it.
pub(super) struct Listed {
    pub directory: S3Prefix,
    pub objects: Vec<Object>,
}

impl Listed {
    /// Lists a directory.
    ///
    /// # Errors
    /// When S3 fails or takes too long, or it has too many objects.
    pub async fn of(s3: &Client, directory: S3Prefix, limit: &TimeLimit) -> Result<Self> {
        let objects = s3::list(s3, &directory, MAX_ARTIFACTS, limit).await?;
        Ok(Self { directory, objects })
    }
}

/// Finds the directory of the run's model.
///
/// # Errors
/// When the run does not have exactly one ONNX model, or S3 fails or takes too long. The error names the searched
/// places, or the models.
pub(super) async fn of_run(
    s3: &Client,
    root: &S3Prefix,
    experiment: &str,
    run_id: &str,
    limit: &TimeLimit,
) -> Result<S3Prefix> {
    let run = format!("RUN_ID={run_id}");
    let artifacts = root.join(&format!("{experiment}/{run_id}/artifacts"));
    let models = root.join(&format!("{experiment}/models"));
    let directories = in_run(&Listed::of(s3, artifacts.clone(), limit).await?);
    let mut logged = read_all(s3, directories, limit).await?;
    let mut searched = 0;
    if !logged.iter().any(|(_, logged)| logged.is_onnx()) {
        let directories = in_experiment(s3, &models, limit).await?;
        searched = directories.len();
        let all = read_all(s3, directories, limit).await?;
        logged.extend(all.into_iter().filter(|(_, logged)| logged.run_id.as_deref() == Some(run_id)));
    }
    match only_onnx(&run, &logged)? {
        Some(directory) => Ok(directory),
        None => bail!(
            "{run}: expected an ONNX model, found none: neither as {artifacts}/*/MLmodel (MLflow 2), nor as the run_id \
            in one of {searched} files {models}/m-*/artifacts/MLmodel (MLflow 3); check RUN_ID, MODEL_BUCKET and \
            MLFLOW_EXPERIMENT_ID",
        ),
    }
}

/// Finds the model directory at an address: the address itself, or that of the only ONNX model of the run there.
///
/// # Errors
/// When the run does not have exactly one ONNX model, or S3 fails or takes too long.
pub(super) async fn below(s3: &Client, address: &S3Prefix, limit: &TimeLimit) -> Result<Listed> {
    let listed = Listed::of(s3, address.clone(), limit).await?;
    if is_model_directory(listed.objects.iter().map(|object| object.name.as_str())) {
        return Ok(listed);
    }
    let mut logged = read_all(s3, in_run(&listed), limit).await?;
    let (parent, name) = address.prefix.rsplit_once('/').unwrap_or(("", &address.prefix));
    if logged.is_empty() && is_run_id(name) {
        let experiment = S3Prefix { prefix: parent.to_owned(), ..address.clone() };
        let all = read_all(s3, in_experiment(s3, &experiment.join("models"), limit).await?, limit).await?;
        logged.extend(all.into_iter().filter(|(_, logged)| logged.run_id.as_deref() == Some(name)));
    }
    match only_onnx(&address.to_string(), &logged)? {
        Some(directory) => Listed::of(s3, directory, limit).await,
        None => Ok(listed),
    }
}

/// Finds the folders with an `MLmodel` among the run's artifacts, as MLflow 2 stores them.
fn in_run(artifacts: &Listed) -> Vec<S3Prefix> {
    let names = artifacts.objects.iter().map(|object| &object.name);
    let folders = names.filter_map(|name| name.strip_suffix(mlmodel::FILE)?.strip_suffix('/'));
    folders.map(|folder| artifacts.directory.join(folder)).collect()
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
