//! Configuration. The environment is read once, into values that are valid.

mod model;
mod output;
mod s3_prefix;

use anyhow::{Context, Result, ensure};

use predictor::plain_text::setting;

pub use model::{ModelLocation, is_run_id};
pub use output::{Output, QuarantinePlace};
pub use s3_prefix::S3Prefix;

/// All settings from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the model directory is.
    pub model: ModelLocation,
    /// `RUN_ID`: the `version` in results. The default is the run that `MLmodel` names.
    pub run_id: Option<String>,
    /// The destination of the predictions.
    pub output: Output,
    /// The destination of records that can never have a prediction.
    pub quarantine: QuarantinePlace,
    /// `KINESIS_ENDPOINT_URL`: the endpoint of the output streams.
    pub kinesis_endpoint_url: Option<String>,
    /// Whether S3 is addressed as `host/bucket` instead of `bucket.host`. Endpoints other than AWS's need
    /// that.
    pub s3_path_style: bool,
}

impl Config {
    /// Reads the variables through `get`. An empty variable counts as not set. The variables that Lambda sets
    /// are required.
    ///
    /// # Errors
    /// When a required variable is missing, or a variable has a bad value. The error names the variable, its
    /// value without passwords, and the expected values.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self> {
        for name in [
            "AWS_LAMBDA_RUNTIME_API",
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        ] {
            let value = get(name).filter(|value| !value.is_empty()).with_context(|| {
                format!("{name} is not set: Lambda sets it, and `cargo lambda watch` does locally")
            })?;
            let is_number = value.parse::<u32>().is_ok();
            ensure!(
                is_number || name != "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                "{name}={}: expected a whole number of megabytes",
                setting(&value)
            );
        }
        Self::read_anywhere(get)
    }

    /// Reads the variables like [`Config::read`], but does not require those that Lambda sets.
    ///
    /// # Errors
    /// As for [`Config::read`].
    pub fn read_anywhere(get: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let run_id = get("RUN_ID");
        if let Some(run_id) = &run_id {
            ensure!(
                model::is_id(run_id),
                "RUN_ID={}: expected letters, digits, `-`, `_` and `.`, as in an MLflow run id",
                setting(run_id)
            );
        }
        endpoint(&get, "AWS_ENDPOINT_URL_KINESIS")?;
        let output = output::output(&get)?;
        Ok(Self {
            model: model::model_location(&get, run_id.clone())?,
            run_id,
            quarantine: output::quarantine(&get, &output)?,
            output,
            kinesis_endpoint_url: endpoint(&get, "KINESIS_ENDPOINT_URL")?,
            s3_path_style: s3_path_style(&get)?,
        })
    }
}

/// Whether the environment names an S3 endpoint other than AWS's.
///
/// # Errors
/// When an endpoint is not an address.
pub fn s3_path_style(get: &impl Fn(&str) -> Option<String>) -> Result<bool> {
    let anywhere = endpoint(get, "AWS_ENDPOINT_URL")?;
    Ok(endpoint(get, "AWS_ENDPOINT_URL_S3")?.or(anywhere).is_some())
}

fn endpoint(get: &impl Fn(&str) -> Option<String>, name: &str) -> Result<Option<String>> {
    let url = get(name);
    if let Some(url) = &url {
        let parsed = url.parse::<http::Uri>().ok();
        let host = parsed
            .filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")))
            .and_then(|uri| uri.host().map(|host| !host.is_empty()));
        ensure!(host == Some(true), "{name}={}: expected an http:// or https:// address", setting(url));
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
