//! `poll`: the event source mapping alone, for your own stream and function.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use aws_config::BehaviorVersion;
use clap::{Args, ValueEnum};

use crate::function::Function;
use crate::mapping::{Mapping, Settings, StartingPosition};

/// The options. They are named after Lambda's settings.
#[derive(Debug, Args)]
pub struct Options {
    /// Stream to read
    #[arg(long)]
    stream: String,
    /// The function's binary
    #[arg(long, value_name = "PATH")]
    function_binary: PathBuf,
    /// Time limit of one invocation
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    function_timeout: u64,
    /// Largest number of records in an invocation, 1 to 10000
    #[arg(long, default_value_t = 100)]
    batch_size: usize,
    /// Time to gather records before an invocation, 0 to 300
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    maximum_batching_window_in_seconds: u64,
    /// Where to begin in the stream
    #[arg(long, value_enum, default_value_t = Position::TrimHorizon)]
    starting_position: Position,
    /// Whether the function may report the record that failed
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true)]
    report_batch_item_failures: bool,
    /// Number of times the same batch is sent again, 0 to 10000
    #[arg(long, default_value_t = 5)]
    maximum_retry_attempts: u32,
    /// Age at which records are given up, at most 604800
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    maximum_record_age_in_seconds: u64,
    /// Whether to split a failed batch in two
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true)]
    bisect_batch_on_function_error: bool,
    /// Bucket for the records that are given up. Without it they are only counted
    #[arg(long, value_name = "BUCKET")]
    on_failure_bucket: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
enum Position {
    TrimHorizon,
    Latest,
}

impl Options {
    fn settings(&self) -> Settings {
        Settings {
            batch_size: self.batch_size,
            batching_window: Duration::from_secs(self.maximum_batching_window_in_seconds),
            starting_position: match self.starting_position {
                Position::TrimHorizon => StartingPosition::TrimHorizon,
                Position::Latest => StartingPosition::Latest,
            },
            report_batch_item_failures: self.report_batch_item_failures,
            maximum_retry_attempts: self.maximum_retry_attempts,
            maximum_record_age: Duration::from_secs(self.maximum_record_age_in_seconds),
            bisect_batch_on_function_error: self.bisect_batch_on_function_error,
            on_failure_bucket: self.on_failure_bucket.clone(),
            ..Settings::default()
        }
    }
}

/// Polls until `interrupted`. Then lets the current invocations finish, and prints the numbers of each shard.
///
/// # Errors
/// When a setting is out of range, the function's cold start fails, or the stream cannot be read.
pub async fn run(options: Options, interrupted: impl Future<Output = ()>) -> Result<()> {
    let settings = options.settings();
    settings.check()?;
    let start = async {
        let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
        let own_endpoint =
            ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"].iter().any(|name| std::env::var_os(name).is_some());
        let s3 = aws_sdk_s3::config::Builder::from(&aws).force_path_style(own_endpoint).build();
        let timeout = Duration::from_secs(options.function_timeout);
        let on_line = Arc::new(|line: &str| println!("{line}"));
        let env = std::env::vars().collect();
        let function = Function::start_with_logs(&options.function_binary, env, timeout, on_line).await?;
        eprintln!("mapping {} reads {}; Ctrl-C ends it", settings.id, options.stream);
        let kinesis = aws_sdk_kinesis::Client::new(&aws);
        let s3 = aws_sdk_s3::Client::from_conf(s3);
        Mapping::start(kinesis, Some(s3), &options.stream, settings, Arc::new(function)).await
    };
    tokio::pin!(interrupted);
    let mapping = tokio::select! {
        mapping = start => mapping?,
        () = &mut interrupted => return Ok(()),
    };
    interrupted.await;
    for (shard, counts) in mapping.stop().await?.shards {
        let (received, delivered, discarded) = (counts.received, counts.delivered, counts.discarded);
        eprintln!(
            "{shard}: {received} received, {delivered} delivered, {} retried, {discarded} discarded",
            counts.retried
        );
    }
    Ok(())
}
