//! Clients and environments for services at a local endpoint, which never see the user's own profile.

use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};

/// The region of every local service.
const REGION: &str = "us-east-1";

/// The access key id and the secret. Local services accept any.
const KEY: &str = "test";

/// Returns the configuration of a Kinesis client, without an endpoint.
pub(crate) fn kinesis_config() -> aws_sdk_kinesis::config::Builder {
    aws_sdk_kinesis::config::Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new(KEY, KEY, None, None, "local"))
}

/// Returns the configuration of an S3 client, without an endpoint.
pub(crate) fn s3_config() -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::config::Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new(KEY, KEY, None, None, "local"))
        .force_path_style(true)
}

/// Returns the variables that make the AWS SDKs and the AWS CLI talk to the endpoint and to nothing else.
pub(crate) fn env(url: &str) -> Vec<(String, String)> {
    [
        ("AWS_ENDPOINT_URL", url),
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", KEY),
        // The SDKs read the first, the AWS CLI the second.
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        // These shut out the user's own profile and the role of an instance.
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}
