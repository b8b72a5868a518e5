//! Configuration: the environment, read once, into values that can't be wrong.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

/// The experiment that MLflow creates by itself is 0; the first that a person creates is 1.
const DEFAULT_EXPERIMENT: &str = "1";

/// Everything that the environment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the model directory is.
    pub model: ModelLocation,
    /// `RUN_ID`: the result's `version`; without it the run that `MLmodel` names.
    pub run_id: Option<String>,
    /// Where predictions go.
    pub output: Output,
    /// `KINESIS_ENDPOINT_URL`, for the output stream.
    pub kinesis_endpoint_url: Option<String>,
    /// Whether S3 is asked under `host/bucket` instead of `bucket.host`, as endpoints other than AWS's need it.
    pub s3_path_style: bool,
}

/// Where predictions go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// `TEST_RUN`: into the answer, and nowhere else.
    Answer,
    /// `PREDICTIONS_STREAM_NAME`: to that Kinesis stream.
    Stream(String),
}

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

/// A bucket and a key prefix that ends without a slash; the prefix may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Prefix {
    /// The bucket's name.
    pub bucket: String,
    /// What the keys begin with, before a slash.
    pub prefix: String,
}

impl S3Prefix {
    /// The prefix one level or more below.
    #[must_use]
    pub fn join(&self, below: &str) -> Self {
        let separator = if self.prefix.is_empty() { "" } else { "/" };
        Self { bucket: self.bucket.clone(), prefix: format!("{}{separator}{below}", self.prefix) }
    }

    /// Reads `bucket` or `bucket/prefix`.
    fn parse(text: &str) -> Option<Self> {
        let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | '_');
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        let valid = (3..=63).contains(&bucket.len()) && bucket.chars().all(named);
        valid.then(|| Self { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }
}

impl std::fmt::Display for S3Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

impl Config {
    /// Reads the variables that `get` gives; an empty one counts as not set.
    ///
    /// # Errors
    /// When a needed variable is missing or one has a bad value: its name, its value and what is allowed.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        for name in [
            "AWS_LAMBDA_RUNTIME_API",
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        ] {
            let value = get(name).with_context(|| {
                format!("{name} is not set: Lambda sets it, and `cargo lambda watch` does locally")
            })?;
            let is_number = value.parse::<u32>().is_ok();
            ensure!(
                is_number || name != "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                "{name}={value}: allowed is a whole number of megabytes"
            );
        }
        let run_id = get("RUN_ID");
        if let Some(run_id) = &run_id {
            ensure!(
                is_id(run_id),
                "RUN_ID={run_id}: allowed are letters, digits, `-`, `_` and `.`, as in an MLflow run id"
            );
        }
        endpoint(&get, "AWS_ENDPOINT_URL_KINESIS")?;
        Ok(Self {
            model: model_location(&get, run_id.clone())?,
            run_id,
            output: output(&get)?,
            kinesis_endpoint_url: endpoint(&get, "KINESIS_ENDPOINT_URL")?,
            s3_path_style: s3_path_style(&get)?,
        })
    }
}

/// Whether S3 is another endpoint than AWS's, by what `get` gives of the environment.
///
/// # Errors
/// When an endpoint is no address.
pub fn s3_path_style(get: &impl Fn(&str) -> Option<String>) -> Result<bool> {
    let anywhere = endpoint(get, "AWS_ENDPOINT_URL")?;
    Ok(endpoint(get, "AWS_ENDPOINT_URL_S3")?.or(anywhere).is_some())
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
}

fn model_location(get: &impl Fn(&str) -> Option<String>, run_id: Option<String>) -> Result<ModelLocation> {
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

fn output(get: &impl Fn(&str) -> Option<String>) -> Result<Output> {
    match get("TEST_RUN").as_deref() {
        Some("True" | "true" | "1") => return Ok(Output::Answer),
        None | Some("False" | "false" | "0") => {}
        Some(other) => bail!("TEST_RUN={other}: allowed are True and False"),
    }
    let name = get("PREDICTIONS_STREAM_NAME")
        .context("PREDICTIONS_STREAM_NAME is not set: give the output stream's name, or TEST_RUN=True")?;
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    // https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
    ensure!(
        name.len() <= 128 && name.chars().all(named),
        "PREDICTIONS_STREAM_NAME={name}: allowed are 1 to 128 letters, digits, `_`, `.` and `-`"
    );
    Ok(Output::Stream(name))
}

fn endpoint(get: &impl Fn(&str) -> Option<String>, name: &str) -> Result<Option<String>> {
    let url = get(name);
    if let Some(url) = &url {
        let parsed = url.parse::<http::Uri>().ok();
        let host = parsed
            .filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")))
            .and_then(|uri| uri.host().map(|host| !host.is_empty()));
        ensure!(host == Some(true), "{name}={url}: allowed is an http:// or https:// address");
    }
    Ok(url)
}

/// Ids become parts of keys: nothing that could lead out of their place.
fn is_id(text: &str) -> bool {
    text.len() <= 256
        && !text.starts_with('.')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAMBDA: [(&str, &str); 4] = [
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ("AWS_LAMBDA_FUNCTION_NAME", "_"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
    ];

    fn read(variables: &[(&str, &str)]) -> Result<Config> {
        let find = |set: &[(&str, &str)], name: &str| {
            set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
        };
        // A given variable, be it empty, hides the default.
        Config::read(|name| find(variables, name).or_else(|| find(&LAMBDA, name)))
    }

    #[test]
    fn the_python_functions_environment_works() {
        let config = read(&[
            ("PREDICTIONS_STREAM_NAME", "ride_predictions"),
            ("RUN_ID", "e1efc53e9bd149078b0c12aeaa6365df"),
            ("MODEL_BUCKET", "mlflow-models"),
            ("MLFLOW_EXPERIMENT_ID", "7"),
            ("TEST_RUN", "False"),
            ("KINESIS_ENDPOINT_URL", "http://localhost:4566/"),
        ])
        .unwrap();
        let root = S3Prefix { bucket: "mlflow-models".into(), prefix: String::new() };
        let run_id = "e1efc53e9bd149078b0c12aeaa6365df".to_owned();
        assert_eq!(config.model, ModelLocation::Run { root, experiment: "7".into(), run_id: run_id.clone() });
        assert_eq!(config.output, Output::Stream("ride_predictions".into()));
        assert_eq!(config.run_id, Some(run_id));
        assert_eq!(config.kinesis_endpoint_url.as_deref(), Some("http://localhost:4566/"));
    }

    #[test]
    fn a_location_needs_neither_bucket_nor_run() {
        let config = read(&[("MODEL_LOCATION", "./model"), ("TEST_RUN", "True")]).unwrap();
        assert_eq!((config.model, config.output), (ModelLocation::Folder("./model".into()), Output::Answer));
        let config = read(&[("MODEL_LOCATION", "s3://models/a/b/"), ("TEST_RUN", "1")]).unwrap();
        assert_eq!(
            config.model,
            ModelLocation::Prefix(S3Prefix { bucket: "models".into(), prefix: "a/b".into() })
        );
    }

    #[test]
    fn the_artifact_root_may_be_below_a_bucket() {
        let config =
            read(&[("RUN_ID", "r"), ("MODEL_BUCKET", "s3://models/mlflow"), ("TEST_RUN", "True")]).unwrap();
        let ModelLocation::Run { root, experiment, .. } = config.model else { panic!("a run") };
        assert_eq!(
            (root.join("1/r").to_string(), experiment.as_str()),
            ("s3://models/mlflow/1/r".to_owned(), "1")
        );
    }

    #[test]
    fn what_is_missing_or_bad_is_named_with_what_is_allowed() {
        let stream = ("PREDICTIONS_STREAM_NAME", "s");
        let folder = ("MODEL_LOCATION", "m");
        let cases: &[(&[(&str, &str)], &str)] = &[
            (&[stream], "RUN_ID is not set"),
            (&[stream, ("RUN_ID", "")], "RUN_ID is not set"),
            (&[stream, ("RUN_ID", "r")], "MODEL_BUCKET is not set"),
            (&[folder], "PREDICTIONS_STREAM_NAME is not set"),
            (&[folder, ("TEST_RUN", "maybe")], "TEST_RUN=maybe: allowed are True and False"),
            (&[folder, ("PREDICTIONS_STREAM_NAME", "a b")], "PREDICTIONS_STREAM_NAME=a b: allowed"),
            (&[stream, ("RUN_ID", "../x"), ("MODEL_BUCKET", "bucket")], "RUN_ID=../x: allowed"),
            (&[stream, ("RUN_ID", "r"), ("MODEL_BUCKET", "B")], "MODEL_BUCKET=B: allowed"),
            (
                &[stream, ("RUN_ID", "r"), ("MODEL_BUCKET", "bucket"), ("MLFLOW_EXPERIMENT_ID", "a/b")],
                "MLFLOW_EXPERIMENT_ID=a/b: allowed",
            ),
            (&[stream, ("MODEL_LOCATION", "gs://x/y")], "MODEL_LOCATION=gs://x/y: allowed"),
            (&[stream, ("MODEL_LOCATION", "s3://")], "MODEL_LOCATION=s3://: allowed"),
            (
                &[stream, folder, ("KINESIS_ENDPOINT_URL", "localhost")],
                "KINESIS_ENDPOINT_URL=localhost: allowed",
            ),
            (
                &[stream, folder, ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "big")],
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=big: allowed",
            ),
            (&[stream, folder, ("AWS_LAMBDA_RUNTIME_API", "")], "AWS_LAMBDA_RUNTIME_API is not set"),
        ];
        for (variables, expected) in cases {
            let error = read(variables).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
