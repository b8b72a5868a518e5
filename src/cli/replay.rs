//! `replay`: scores records again that were quarantined or given up.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use aws_config::retry::RetryConfig;

use crate::aws::clients;
use crate::config::{Config, Output, S3Prefix};
use crate::environment::variable;
use crate::mlflow;
use crate::replay::Replay;
use crate::sinks::KinesisSink;
use predictor::plain_text::setting;

use super::model;

/// Replays what is below an `s3://` address; fails if an object could not be read or a record is left undelivered.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(address: &str, publish: bool) -> Result<ExitCode> {
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
    let directory = mlflow::fetch(&config.model, Some(&s3), &model::fetch_limit()).await?;
    // A panic is reported as a rejected record.
    std::panic::set_hook(Box::new(|_| {}));
    let replay = Replay::load(&directory, config.run_id.as_deref(), stream)?;
    let report = replay.run(&s3, &prefix).await?;
    print!("{report}");
    Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
