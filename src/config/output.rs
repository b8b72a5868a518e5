//! The destinations of predictions (`TEST_RUN`, `PREDICTIONS_STREAM_NAME`) and of rejected records
//! (`QUARANTINE_LOCATION`, `QUARANTINE_STREAM_NAME`).

use anyhow::{Context, Result, bail, ensure};

use predictor::plain_text::setting;

use super::S3Prefix;

/// The destination of predictions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// `TEST_RUN`: only the answer.
    Answer,
    /// `PREDICTIONS_STREAM_NAME`: a Kinesis stream.
    Stream(String),
}

/// The destination of records that can never have a prediction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuarantinePlace {
    /// `QUARANTINE_LOCATION`: objects below an S3 prefix.
    Prefix(S3Prefix),
    /// `QUARANTINE_STREAM_NAME`: a Kinesis stream.
    Stream(String),
    /// Only the log, in a test run.
    Log,
    /// No quarantine is set.
    Nowhere,
}

/// Reads the variables of the output.
pub(super) fn output(get: &impl Fn(&str) -> Option<String>) -> Result<Output> {
    match get("TEST_RUN").as_deref() {
        Some("True" | "true" | "1") => return Ok(Output::Answer),
        None | Some("False" | "false" | "0") => {}
        Some(other) => bail!("TEST_RUN={}: expected True or False", setting(other)),
    }
    let name = stream(get, "PREDICTIONS_STREAM_NAME")?
        .context("PREDICTIONS_STREAM_NAME is not set: give the output stream's name, or TEST_RUN=True")?;
    Ok(Output::Stream(name))
}

/// Reads the variables of the quarantine.
pub(super) fn quarantine(get: &impl Fn(&str) -> Option<String>, output: &Output) -> Result<QuarantinePlace> {
    let location = get("QUARANTINE_LOCATION");
    let stream = stream(get, "QUARANTINE_STREAM_NAME")?;
    match (output, location, stream) {
        (Output::Answer, ..) => Ok(QuarantinePlace::Log),
        (_, Some(location), Some(stream)) => bail!(
            "QUARANTINE_LOCATION={} and QUARANTINE_STREAM_NAME={stream}: expected one of the two, found both",
            setting(&location)
        ),
        (_, Some(location), None) => {
            S3Prefix::of_address(&location).map(QuarantinePlace::Prefix).with_context(|| {
                format!("QUARANTINE_LOCATION={}: expected s3://bucket/prefix", setting(&location))
            })
        }
        (Output::Stream(output), None, Some(stream)) => {
            ensure!(
                stream != *output,
                "QUARANTINE_STREAM_NAME={stream}: expected another stream than the stream of the predictions"
            );
            Ok(QuarantinePlace::Stream(stream))
        }
        (_, None, None) => Ok(QuarantinePlace::Nowhere),
    }
}

fn stream(get: &impl Fn(&str) -> Option<String>, variable: &str) -> Result<Option<String>> {
    let name = get(variable);
    if let Some(name) = &name {
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        // https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
        ensure!(
            name.len() <= 128 && name.chars().all(named),
            "{variable}={}: expected 1 to 128 letters, digits, `_`, `.` and `-`",
            setting(name)
        );
    }
    Ok(name)
}
