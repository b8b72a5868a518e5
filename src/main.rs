//! The Lambda function: reads its configuration, fetches the model, and handles invocations until it is ended.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use stream_predictor::config::{Config, Output};
use stream_predictor::handler::{Answer, Handler};
use stream_predictor::model::directory::ModelDirectory;
use stream_predictor::sink::{KinesisSink, Sink};
use tokio::time::Instant;

const HELP: &str = "\
stream-predictor: predictions for the records of a Kinesis stream, from an ONNX model that MLflow logged on S3

This is a Lambda function: AWS Lambda starts it, or `cargo lambda watch` does locally. It takes no arguments.
It is configured by its environment:

  RUN_ID                    MLflow run id of the model
  MODEL_BUCKET              bucket of the MLflow artifacts, or bucket/prefix
  MLFLOW_EXPERIMENT_ID      experiment of the run [default: 1]
  MODEL_LOCATION            the model's directory, a folder or s3://bucket/prefix, instead of the two before
  PREDICTIONS_STREAM_NAME   output stream
  TEST_RUN                  True: publish nothing, answer with the predictions
  KINESIS_ENDPOINT_URL      endpoint of the output stream, if it is not AWS's
";

/// Left of an invocation's time for the answer to reach Lambda.
const REPLY_MARGIN: Duration = Duration::from_millis(500);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("--help" | "-h") => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some("--version" | "-V") => {
            println!("stream-predictor {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            eprintln!("stream-predictor: unknown argument `{other}`; see --help");
            return ExitCode::from(2);
        }
    }
    lambda_runtime::tracing::init_default_subscriber();
    // Panics are caught where they may happen. Their message may quote a record: the log gets their place alone.
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, "panicked");
    }));
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever a library put into its message.
            let line = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
            eprintln!("stream-predictor: {line}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let config = Config::read(|name| std::env::var(name).ok())?;
    let handler = load(&config).await?;
    let handler = &handler;
    let serve = service_fn(move |event: LambdaEvent<Box<RawValue>>| async move {
        let deadline = deadline(event.context.deadline());
        let answer = handler.handle(event.payload.get(), deadline).await;
        answer.map_err(|error| format!("{error:#}")) as Result<Answer, String>
    });
    lambda_runtime::run(serve).await.map_err(|error| anyhow::anyhow!(error))
}

/// Cold start: all that is made once. AWS is asked for nothing that the configuration does not need.
async fn load(config: &Config) -> Result<Handler> {
    let remote = ModelDirectory::is_remote(&config.model);
    let publishes = matches!(config.output, Output::Stream(_));
    let aws = if remote || publishes { Some(aws_settings().await?) } else { None };
    let s3 = aws.as_ref().filter(|_| remote).map(|aws| s3_client(aws, config));
    let directory = ModelDirectory::fetch(&config.model, s3.as_ref()).await?;
    let sink = match (&config.output, &aws) {
        (Output::Stream(name), Some(aws)) => {
            Sink::Kinesis(KinesisSink::new(kinesis_client(aws, config), name.clone()))
        }
        _ => Sink::Answer,
    };
    Handler::load(&directory, config.run_id.as_deref(), sink)
}

async fn aws_settings() -> Result<SdkConfig> {
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    ensure!(
        aws.region().is_some(),
        "AWS_REGION is not set: Lambda sets it; locally give the region of stream and bucket"
    );
    Ok(aws)
}

fn s3_client(aws: &SdkConfig, config: &Config) -> aws_sdk_s3::Client {
    let s3 = aws_sdk_s3::config::Builder::from(aws).force_path_style(config.s3_path_style);
    aws_sdk_s3::Client::from_conf(s3.build())
}

fn kinesis_client(aws: &SdkConfig, config: &Config) -> aws_sdk_kinesis::Client {
    // The sink tries again by itself: it knows the deadline.
    let mut kinesis = aws_sdk_kinesis::config::Builder::from(aws).retry_config(RetryConfig::disabled());
    if let Some(url) = &config.kinesis_endpoint_url {
        kinesis = kinesis.endpoint_url(url);
    }
    aws_sdk_kinesis::Client::from_conf(kinesis.build())
}

/// The moment until which an invocation may publish.
fn deadline(lambda: SystemTime) -> Instant {
    let left = lambda.duration_since(SystemTime::now()).unwrap_or_default();
    Instant::now() + left.saturating_sub(REPLY_MARGIN)
}
