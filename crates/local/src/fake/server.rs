//! Serves the services on a loopback socket.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request as HttpRequest;
use axum::http::{Response, StatusCode};

use super::{Cloud, Reply, Request};
use crate::endpoint;

/// Limit of a request's body, more than the services accept.
const MAX_BODY: usize = 32 << 20;

impl Cloud {
    /// Serves on a free loopback port until the process ends.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn listen(&self) -> Result<SocketAddr> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("cannot find a free loopback port")?;
        let address = listener.local_addr().context("cannot read the address of the listener")?;
        let cloud = self.clone();
        let serve = move |request: HttpRequest| {
            let cloud = cloud.clone();
            async move { cloud.respond(request).await }
        };
        tokio::spawn(async { axum::serve(listener, Router::new().fallback(serve)).await });
        Ok(address)
    }

    async fn respond(&self, request: HttpRequest) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, MAX_BODY).await else { return broken() };
        let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let request =
            Request { method: parts.method, uri: parts.uri, target: target.map(str::to_owned), body };
        match self.serve(request).await {
            Reply::Answer(status, body) => {
                let mut response = Response::new(Body::from(body));
                *response.status_mut() = status;
                response
            }
            Reply::Reset => broken(),
            Reply::Silence => std::future::pending().await,
        }
    }
}

/// Returns the environment of a process whose SDKs talk to the services at an address.
#[must_use]
pub fn env(address: SocketAddr) -> Vec<(String, String)> {
    endpoint::env(&format!("http://{address}"))
}

/// Returns an answer whose body breaks off together with the connection.
fn broken() -> Response<Body> {
    let error = io::Error::new(io::ErrorKind::ConnectionReset, "scripted fault");
    let body = futures_util::stream::iter([Err::<Bytes, _>(error)]);
    let mut response = Response::new(Body::from_stream(body));
    *response.status_mut() = StatusCode::OK;
    response
}
