//! The Lambda function: reads its configuration, fetches the model, and handles invocations until it is ended.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig};
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::tower::util::MapFutureLayer;
use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde_json::value::RawValue;
use stream_predictor::config::{Config, ModelLocation, Output, QuarantinePlace, S3Prefix, s3_path_style};
use stream_predictor::handler::{Answer, Handler};
use stream_predictor::model::directory::ModelDirectory;
use stream_predictor::quarantine::{NOT_CONFIGURED, Quarantine, S3Store};
use stream_predictor::replay::Replay;
use stream_predictor::sink::{KinesisSink, Sink};
use stream_predictor::time_limit::TimeLimit;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

/// With that of the C library, a fifth of the time that a small model needs for a row goes into aligned memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
stream-predictor: predictions for the records of a Kinesis stream, from an ONNX model that MLflow logged on S3

This is a Lambda function: AWS Lambda starts it, or `cargo lambda watch` does locally, without arguments. It is
configured by its environment:

  RUN_ID                    MLflow run id of the model
  MODEL_BUCKET              bucket of the MLflow artifacts, or bucket/prefix
  MLFLOW_EXPERIMENT_ID      experiment of the run [default: 1]
  MODEL_LOCATION            the model's directory, a folder or s3://bucket/prefix, instead of the two before
  PREDICTIONS_STREAM_NAME   output stream
  QUARANTINE_LOCATION       s3://bucket/prefix for records that can never be predicted
  QUARANTINE_STREAM_NAME    a stream for them instead
  TEST_RUN                  True: publish nothing, answer with the predictions
  KINESIS_ENDPOINT_URL      endpoint of the streams that are written to, if it is not AWS's

stream-predictor check DIR [--record FILE]
stream-predictor check s3://bucket/prefix [--record FILE]

Would the function serve the model of this directory? Tells what is in it, how fast it is, and every reason why not.
Exit code: 0 if it would. With a file that holds one record, a JSON document, it also tells the value of each feature and
the prediction.

stream-predictor replay s3://bucket/prefix [--publish]

Sends records through the function again: those of its quarantine, and batches that Lambda gave up and left at an on-failure
destination, any mix of both, in the order of their keys. It is configured as the function is. Without --publish it is a
dry run, which tells how many would be published, and why others would be rejected again. Results have the ids that they
would have had the first time. Nothing is deleted; what is rejected again stays where it is. A longer prefix, such as
s3://bucket/prefix/dt=2026-11-05, replays less. Exit code: 0 if every object was read and no record is left undelivered.
";

/// Left of an invocation's time for the answer to reach Lambda.
const REPLY_MARGIN: Duration = Duration::from_millis(500);

/// No deadline of Lambda's is as long past.
const A_DAY: Duration = Duration::from_hours(24);

/// How long an invocation may take of which the deadline is none.
const WITHOUT_DEADLINE: Duration = Duration::from_mins(10);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => serve(),
        ["check", location] if !location.starts_with('-') => report(check(location, None)),
        ["check", location, "--record", file] => report(check(location, Some(file))),
        ["replay", address] if !address.starts_with('-') => report(replay(address, false)),
        ["replay", address, "--publish"] | ["replay", "--publish", address] => report(replay(address, true)),
        ["--help" | "-h"] | ["check" | "replay", "--help" | "-h"] => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        ["--version" | "-V"] => {
            println!("stream-predictor {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        other => {
            eprintln!("stream-predictor: unknown arguments `{}`; see --help", other.join(" "));
            ExitCode::from(2)
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn serve() -> ExitCode {
    lambda_runtime::tracing::init_default_subscriber();
    // Panics are caught where they may happen. Their message may quote a record: the log gets their place alone.
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, "panicked");
    }));
    report(run().await.map(|()| ExitCode::SUCCESS))
}

fn report(result: Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) => {
            // One line, whatever a library put into its message.
            let line = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
            eprintln!("stream-predictor: {line}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let config = Config::read(variable)?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let (terminating, terminated) = watch::channel(false);
    let handler = load(&config).await?;
    let (handler, terminated) = (&handler, &terminated);
    let serve = service_fn(move |event: LambdaEvent<Box<RawValue>>| async move {
        let limit = TimeLimit::unless(terminated.clone(), deadline(event.context.deadline()));
        // In a box, or the type of the whole is too deep for the compiler.
        let answer = Box::pin(handler.handle(event.payload.get(), &limit)).await;
        answer.map_err(|error| format!("{error:#}")) as Result<Answer, String>
    });
    // Taken from when an invocation is there until its answer is with Lambda.
    let busy = &Mutex::new(());
    let until_answered = MapFutureLayer::new(move |invocation| async move {
        let _busy = busy.lock().await;
        invocation.await
    });
    let runtime = Runtime::new(serve).layer(TracingLayer::new()).layer(until_answered).run();
    tokio::pin!(runtime);
    tokio::select! {
        ended = &mut runtime => return ended.map_err(|error| anyhow::anyhow!(error)),
        _ = terminate.recv() => {}
    }
    tracing::info!("SIGTERM: what is not published yet is reported");
    terminating.send_replace(true);
    tokio::select! {
        biased;
        _idle = busy.lock() => Ok(()),
        ended = runtime => ended.map_err(|error| anyhow::anyhow!(error)),
    }
}

/// Prints what there is to say of the model at `location`; fails if it would not be served.
#[tokio::main(flavor = "current_thread")]
async fn check(location: &str, record: Option<&str>) -> Result<ExitCode> {
    let record = record.map(|file| std::fs::read(file).with_context(|| format!("`{file}`"))).transpose()?;
    let place = ModelLocation::parse(location);
    let place =
        place.with_context(|| format!("`{location}`: allowed are s3://bucket/prefix and a folder"))?;
    let s3 = if ModelDirectory::is_remote(&place) {
        let path_style = s3_path_style(&|name| variable(name).filter(|value| !value.is_empty()))?;
        Some(s3_client(&aws_settings().await?, path_style, RetryConfig::standard()))
    } else {
        ensure!(Path::new(location).is_dir(), "`{location}`: there is no such folder");
        None
    };
    // What panics in an operator is told as a problem of the model.
    std::panic::set_hook(Box::new(|_| {}));
    let report =
        stream_predictor::check::check(&ModelDirectory::fetch(&place, s3.as_ref()).await?, record.as_deref());
    print!("{report}");
    Ok(if report.would_serve() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Replays what is below an `s3://` address; fails if an object could not be read or a record is left undelivered.
#[tokio::main(flavor = "current_thread")]
async fn replay(address: &str, publish: bool) -> Result<ExitCode> {
    let prefix = S3Prefix::of_address(address);
    let prefix = prefix.with_context(|| format!("`{address}`: allowed is s3://bucket/prefix"))?;
    let config = Config::read_anywhere(variable)?;
    let aws = aws_settings().await?;
    let stream = match &config.output {
        _ if !publish => None,
        Output::Stream(name) => Some(KinesisSink::new(kinesis_client(&aws, &config), name.clone())),
        Output::Answer => bail!("TEST_RUN=True: with --publish allowed is False"),
    };
    let s3 = s3_client(&aws, config.s3_path_style, RetryConfig::standard());
    let directory = ModelDirectory::fetch(&config.model, Some(&s3)).await?;
    // What panics is told as a record that is rejected.
    std::panic::set_hook(Box::new(|_| {}));
    let replay = Replay::load(&directory, config.run_id.as_deref(), stream)?;
    let report = replay.run(&s3, &prefix).await?;
    print!("{report}");
    Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Cold start: all that is made once. AWS is asked for nothing that the configuration does not need.
async fn load(config: &Config) -> Result<Handler> {
    let remote = ModelDirectory::is_remote(&config.model);
    let publishes = matches!(config.output, Output::Stream(_));
    let aws = if remote || publishes { Some(aws_settings().await?) } else { None };
    let s3 = aws.as_ref().filter(|_| remote);
    let s3 = s3.map(|aws| s3_client(aws, config.s3_path_style, RetryConfig::standard()));
    let sink = match (&config.output, &aws) {
        (Output::Stream(name), Some(aws)) => {
            Sink::Kinesis(KinesisSink::new(kinesis_client(aws, config), name.clone()))
        }
        _ => Sink::Answer,
    };
    let quarantine = quarantine(config, aws.as_ref());
    // The streams are asked for while the model comes: that costs no time, and the connection is there for the first record.
    let fetch = ModelDirectory::fetch(&config.model, s3.as_ref());
    let (directory, (), ()) = tokio::try_join!(fetch, sink.find(), quarantine.find())?;
    Handler::load(&directory, config.run_id.as_deref(), quarantine, sink)
}

fn quarantine(config: &Config, aws: Option<&SdkConfig>) -> Quarantine {
    match (&config.quarantine, aws) {
        (QuarantinePlace::Prefix(prefix), Some(aws)) => {
            // The store tries again by itself: it knows the deadline.
            let client = s3_client(aws, config.s3_path_style, RetryConfig::disabled());
            Quarantine::S3(S3Store::new(client, prefix.clone()))
        }
        (QuarantinePlace::Stream(name), Some(aws)) => {
            Quarantine::Stream(KinesisSink::new(kinesis_client(aws, config), name.clone()))
        }
        (QuarantinePlace::Log, _) => Quarantine::Log,
        _ => {
            tracing::warn!("{NOT_CONFIGURED}; until then a record that can never be predicted is reported");
            Quarantine::Nowhere
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

async fn aws_settings() -> Result<SdkConfig> {
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    ensure!(
        aws.region().is_some(),
        "AWS_REGION is not set: Lambda sets it; locally give the region of stream and bucket"
    );
    Ok(aws)
}

fn s3_client(aws: &SdkConfig, path_style: bool, retries: RetryConfig) -> aws_sdk_s3::Client {
    let s3 = aws_sdk_s3::config::Builder::from(aws).force_path_style(path_style).retry_config(retries);
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
    let now = SystemTime::now();
    // `cargo lambda watch` gives ten minutes, but from 1970 on.
    let is_real = lambda + A_DAY > now;
    let left = if is_real { lambda.duration_since(now).unwrap_or_default() } else { WITHOUT_DEADLINE };
    Instant::now() + left.saturating_sub(REPLY_MARGIN)
}
