//! The commands for people: `check`, `predict` and `replay`.

mod check;
mod model;
mod predict;
mod replay;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::version::version;
use predictor::plain_text::line;

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
    /// The exit code is 0 if the function would serve it, and takes the record.
    Check {
        /// The model: a folder, s3://bucket/prefix, or a run id. A folder or an address may be that of a run
        ///
        /// Without it, or with a run id, the variables MODEL_BUCKET, MLFLOW_EXPERIMENT_ID, RUN_ID and MODEL_LOCATION name
        /// the model, as they do for the function.
        #[arg(value_name = "MODEL")]
        model: Option<String>,
        /// A file with one record, a JSON document: show the value of each feature and the prediction
        #[arg(long, value_name = "FILE")]
        record: Option<PathBuf>,
    },
    /// Predict the records of a file, one JSON document per line, without AWS
    ///
    /// Writes what the function would publish to standard output, one line per record, in the order of the records. The
    /// source of a result is the file and the line. A record that the function would quarantine is a line on standard
    /// error, with its number and the reason. The variable RUN_ID gives a model a version if its MLmodel has none.
    ///
    /// The exit code is 0 if every record has a prediction.
    Predict {
        /// The model: a folder, s3://bucket/prefix, or a run id. A folder or an address may be that of a run
        ///
        /// Without it, or with a run id, the variables MODEL_BUCKET, MLFLOW_EXPERIMENT_ID, RUN_ID and MODEL_LOCATION name
        /// the model, as they do for the function.
        #[arg(value_name = "MODEL")]
        model: Option<String>,
        /// The file of records; - is standard input
        #[arg(long, value_name = "FILE")]
        records: PathBuf,
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
        Command::Check { model, record } => check::run(model.as_deref(), record.as_deref()),
        Command::Predict { model, records } => predict::run(model.as_deref(), &records),
        Command::Replay { address, publish } => replay::run(&address, publish),
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
