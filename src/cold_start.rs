//! Cold start: reads the environment, and makes everything that invocations share.

use std::time::Duration;

use anyhow::Result;
use aws_config::{SdkConfig, retry::RetryConfig};

use crate::aws::{TimeLimit, clients};
use crate::batch::Handler;
use crate::config::{Config, Output, QuarantinePlace};
use crate::environment::variable;
use crate::mlflow;
use crate::quarantine::{NOT_CONFIGURED, Quarantine, S3Store};
use crate::sinks::{KinesisSink, Sink};

/// The longest cold start. The largest models take a minute or two, and Lambda's longest timeout is 15 minutes. A server
/// that does not answer, and a download that stalls, are given up much earlier.
pub const LIMIT: Duration = Duration::from_mins(10);

/// Reads the function's configuration from the environment.
///
/// # Errors
/// When a variable is missing or wrong; see [`Config::read`].
pub fn config() -> Result<Config> {
    Config::read(variable)
}

/// Makes the handler. It contacts AWS only where the configuration needs it.
///
/// # Errors
/// When the model or a stream does not exist, the model cannot be served, or it takes too long. The error names the step.
pub async fn handler(config: &Config, limit: &TimeLimit) -> Result<Handler> {
    let is_remote = config.model.is_remote();
    let publishes = matches!(config.output, Output::Stream(_));
    let aws = if is_remote || publishes { Some(clients::settings().await?) } else { None };
    let s3 = aws.as_ref().filter(|_| is_remote);
    let s3 = s3.map(|aws| clients::s3(aws, config.s3_path_style, RetryConfig::standard()));
    let sink = match (&config.output, &aws) {
        (Output::Stream(name), Some(aws)) => {
            Sink::Kinesis(KinesisSink::new(clients::kinesis(aws, config), name.clone()))
        }
        _ => Sink::Answer,
    };
    let quarantine = quarantine(config, aws.as_ref());
    // The streams are looked up while the model downloads. That takes no extra time, and opens the connection that the
    // first record needs.
    let fetch = mlflow::fetch(&config.model, s3.as_ref(), limit);
    let (directory, (), ()) = tokio::try_join!(fetch, sink.find(), quarantine.find())?;
    Handler::load(&directory, config.run_id.as_deref(), quarantine, vec![sink], &limit.clock())
}

fn quarantine(config: &Config, aws: Option<&SdkConfig>) -> Quarantine {
    match (&config.quarantine, aws) {
        (QuarantinePlace::Prefix(prefix), Some(aws)) => {
            // The store retries by itself, because it knows the deadline.
            let client = clients::s3(aws, config.s3_path_style, RetryConfig::disabled());
            Quarantine::S3(S3Store::new(client, prefix.clone()))
        }
        (QuarantinePlace::Stream(name), Some(aws)) => {
            Quarantine::Stream(KinesisSink::new(clients::kinesis(aws, config), name.clone()))
        }
        (QuarantinePlace::Log, _) => Quarantine::Log,
        _ => {
            tracing::warn!("{NOT_CONFIGURED}; until then a record that can never be predicted is reported");
            Quarantine::Nowhere
        }
    }
}
