//! The commands for people: `check` and `replay`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use aws_config::retry::RetryConfig;
use clap::{Parser, Subcommand};
use tokio::time::Instant;

use crate::aws::{self, TimeLimit, clients};
use crate::cold_start;
use crate::config::{Config, ModelLocation, Output, S3Prefix, s3_path_style};
use crate::environment::variable;
use crate::replay::Replay;
use crate::sinks::KinesisSink;
use crate::version::version;
use predictor::model::directory::ModelDirectory;
use predictor::plain_text::{line, setting};

/// What `--help` says of the environment.
const ENVIRONMENT: &str = "\
Without a command this is the Lambda function. AWS Lambda starts it, or `cargo lambda watch` on your machine. Its
environment configures it:

  RUN_ID                    MLflow run id of the model
  MODEL_BUCKET              bucket of the MLflow artifacts, or bucket/prefix
  MLFLOW_EXPERIMENT_ID      experiment of the run [default: 1]
  MODEL_LOCATION            the model's directory, a folder or s3://bucket/prefix, instead of the three above
  PREDICTIONS_STREAM_NAME   output stream
  QUARANTINE_LOCATION       s3://bucket/prefix for records that can never be predicted
  QUARANTINE_STREAM_NAME    a stream for such records instead
  TEST_RUN                  True: publish nothing, and answer with the predictions
  KINESIS_ENDPOINT_URL      endpoint of the streams that are written to, if it is not AWS's
";

/// Predictions for the records of a Kinesis stream, from an ONNX model that MLflow logged on S3
#[derive(Debug, Parser)]
#[command(name = "stream-predictor", version = version().leak() as &str, after_help = ENVIRONMENT)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[expect(clippy::doc_markdown, reason = "help is plain text")]
#[derive(Debug, Subcommand)]
enum Command {
    /// Say whether the function would serve a model: what is in its directory, how fast it is, and every reason why not
    ///
    /// The exit code is 0 if the function would serve it.
    Check {
        /// The model's directory: a folder, or s3://bucket/prefix
        #[arg(value_name = "DIR")]
        location: String,
        /// A file with one record, a JSON document: show the value of each feature and the prediction
        #[arg(long, value_name = "FILE")]
        record: Option<PathBuf>,
    },
    /// Score records again: quarantined ones, and batches that Lambda gave up and left at an on-failure destination
    ///
    /// The function's environment configures it. Objects are read in the order of their keys; a longer prefix, such as
    /// s3://bucket/prefix/dt=2026-11-05, replays less. Without --publish it is a dry run: it counts how many records
    /// would be published, and says why others would be rejected again. Results have the ids that they would have had
    /// the first time. Nothing is deleted, and records that are rejected again stay where they are.
    ///
    /// The exit code is 0 if every object was read and no record is left undelivered.
    Replay {
        /// What to replay: s3://bucket/prefix
        #[arg(value_name = "PREFIX")]
        address: String,
        /// Publish the results
        #[arg(long)]
        publish: bool,
    },
}

/// Runs the command that the arguments name.
#[must_use]
pub fn run() -> ExitCode {
    exit_code(match Arguments::parse().command {
        Command::Check { location, record } => check(&location, record.as_deref()),
        Command::Replay { address, publish } => replay(&address, publish),
    })
}

/// The exit code of a command or of the function. An error is one line on standard error.
pub(crate) fn exit_code(result: Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) => {
            // A library's message may have several lines.
            eprintln!("stream-predictor: {}", line(&format_args!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

/// Prints what is known of the model at `location`; fails if the function would not serve it.
#[tokio::main(flavor = "current_thread")]
async fn check(location: &str, record: Option<&Path>) -> Result<ExitCode> {
    let record = record
        .map(|file| std::fs::read(file).with_context(|| format!("`{}`", file.display())))
        .transpose()?;
    let place = ModelLocation::parse(location);
    let shown = setting(location);
    let place = place.with_context(|| format!("`{shown}`: expected s3://bucket/prefix or a folder"))?;
    let directory = if let ModelLocation::Folder(path) = &place {
        ModelDirectory::open(path).with_context(|| format!("`{shown}`"))?
    } else {
        let path_style = s3_path_style(&variable)?;
        let s3 = clients::s3(&clients::settings().await?, path_style, RetryConfig::standard());
        aws::fetch(&place, Some(&s3), &fetch_limit()).await?
    };
    // A panic in an operator is reported as a problem of the model.
    std::panic::set_hook(Box::new(|_| {}));
    let report = predictor::check::check(&directory, record.as_deref());
    print!("{report}");
    Ok(if report.would_serve() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Replays what is below an `s3://` address; fails if an object could not be read or a record is left undelivered.
#[tokio::main(flavor = "current_thread")]
async fn replay(address: &str, publish: bool) -> Result<ExitCode> {
    let prefix = S3Prefix::of_address(address);
    let prefix = prefix.with_context(|| format!("`{}`: expected s3://bucket/prefix", setting(address)))?;
    let config = Config::read_anywhere(variable)?;
    let aws = clients::settings().await?;
    let stream = match &config.output {
        _ if !publish => None,
        Output::Stream(name) => Some(KinesisSink::new(clients::kinesis(&aws, &config), name.clone())),
        Output::Answer => bail!("TEST_RUN=True: --publish needs TEST_RUN=False"),
    };
    let s3 = clients::s3(&aws, config.s3_path_style, RetryConfig::standard());
    let directory = aws::fetch(&config.model, Some(&s3), &fetch_limit()).await?;
    // A panic is reported as a rejected record.
    std::panic::set_hook(Box::new(|_| {}));
    let replay = Replay::load(&directory, config.run_id.as_deref(), stream)?;
    let report = replay.run(&s3, &prefix).await?;
    print!("{report}");
    Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The time in which a command must have its model.
fn fetch_limit() -> TimeLimit {
    TimeLimit::at(Instant::now() + cold_start::LIMIT)
}
