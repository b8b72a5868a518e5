//! The clients of AWS services.

use anyhow::{Result, ensure};
use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig};

use crate::config::Config;

use super::bounded_answer::BoundedAnswer;

/// The settings that all clients share, from the environment.
///
/// # Errors
/// When no region is set.
pub async fn settings() -> Result<SdkConfig> {
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    ensure!(
        aws.region().is_some(),
        "AWS_REGION is not set: Lambda sets it; on your machine, set it to the region of the stream and the bucket"
    );
    Ok(aws)
}

/// A client of S3.
#[must_use]
pub fn s3(aws: &SdkConfig, path_style: bool, retries: RetryConfig) -> aws_sdk_s3::Client {
    let s3 = aws_sdk_s3::config::Builder::from(aws).force_path_style(path_style).retry_config(retries);
    let s3 = s3.interceptor(BoundedAnswer);
    aws_sdk_s3::Client::from_conf(s3.build())
}

/// A client of the streams that are written to.
#[must_use]
pub fn kinesis(aws: &SdkConfig, config: &Config) -> aws_sdk_kinesis::Client {
    // The sink retries by itself, because it knows the deadline.
    let mut kinesis = aws_sdk_kinesis::config::Builder::from(aws).retry_config(RetryConfig::disabled());
    kinesis = kinesis.interceptor(BoundedAnswer);
    if let Some(url) = &config.kinesis_endpoint_url {
        kinesis = kinesis.endpoint_url(url);
    }
    aws_sdk_kinesis::Client::from_conf(kinesis.build())
}
