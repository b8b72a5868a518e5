//! The services without a socket: the end of the SDK's clients where otherwise the network begins.

use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use axum::body::Bytes;

use super::{Cloud, Reply, Request};

impl Cloud {
    /// A client of Kinesis that does not try again by itself.
    #[must_use]
    pub fn kinesis(&self) -> aws_sdk_kinesis::Client {
        let config = kinesis_config().endpoint_url("http://kinesis").http_client(self.clone());
        aws_sdk_kinesis::Client::from_conf(config.build())
    }

    /// A client of S3 that does not try again by itself.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = s3_config().endpoint_url("http://s3").http_client(self.clone());
        aws_sdk_s3::Client::from_conf(config.build())
    }
}

/// What every client of the fake Kinesis has.
#[must_use]
pub fn kinesis_config() -> aws_sdk_kinesis::config::Builder {
    aws_sdk_kinesis::config::Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(aws_sdk_kinesis::config::retry::RetryConfig::disabled())
}

/// What every client of the fake S3 has.
#[must_use]
pub fn s3_config() -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::config::Builder::new()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::from_static("us-east-1"))
        .credentials_provider(aws_sdk_s3::config::Credentials::new("test", "test", None, None, "test"))
        .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
        .force_path_style(true)
}

impl HttpClient for Cloud {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Cloud {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let cloud = self.clone();
        HttpConnectorFuture::new(async move {
            let request =
                read(&request).ok_or_else(|| ConnectorError::user("an unreadable request".into()))?;
            match cloud.serve(request).await {
                Reply::Answer(status, body) => {
                    let status =
                        status.as_u16().try_into().map_err(|_| ConnectorError::user("status".into()))?;
                    Ok(HttpResponse::new(status, SdkBody::from(body)))
                }
                Reply::Reset => Err(ConnectorError::io("connection reset".into())),
                Reply::Silence => std::future::pending().await,
            }
        })
    }
}

fn read(request: &HttpRequest) -> Option<Request> {
    let method = request.method().parse().ok()?;
    let uri = request.uri().parse().ok()?;
    let target = request.headers().get("x-amz-target").map(str::to_owned);
    let body = Bytes::copy_from_slice(request.body().bytes()?);
    Some(Request { method, uri, target, body })
}
