//! Connects the SDK's clients to the services in process, in place of the network.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use axum::body::Bytes;

use super::{Cloud, Reply, Request};
use crate::endpoint;

impl Cloud {
    /// Returns a Kinesis client that does not retry by itself.
    #[must_use]
    pub fn kinesis(&self) -> aws_sdk_kinesis::Client {
        let config = kinesis_config().endpoint_url("http://kinesis").http_client(self.clone());
        aws_sdk_kinesis::Client::from_conf(config.build())
    }

    /// Returns an S3 client that does not retry by itself.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = s3_config().endpoint_url("http://s3").http_client(self.clone());
        aws_sdk_s3::Client::from_conf(config.build())
    }
}

/// Returns the configuration of a Kinesis client that does not retry by itself.
#[must_use]
pub fn kinesis_config() -> aws_sdk_kinesis::config::Builder {
    endpoint::kinesis_config().retry_config(aws_sdk_kinesis::config::retry::RetryConfig::disabled())
}

/// Returns the configuration of an S3 client that does not retry by itself.
#[must_use]
pub fn s3_config() -> aws_sdk_s3::config::Builder {
    endpoint::s3_config().retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
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
