//! Serves Lambda's Runtime API to one process: hands out one invocation at a time and takes its answer.
//!
//! Paths and headers follow <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>. Every process
//! gets its own API on its own port. So a late request of a killed process cannot take an invocation of its
//! successor.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

/// Largest request and largest response of a synchronous invocation: 6 MB each.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
pub const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// The function's name, in its environment and in its ARN.
pub const FUNCTION_NAME: &str = "stream-predictor";

/// The function's ARN, in its invocations and in the records of failed invocations.
pub const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:stream-predictor";

/// The outcome of one invocation.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The function returned this value.
    Response(Value),
    /// The function reported an error, and its process lives on.
    FunctionError {
        /// The type, such as `Runtime.InvalidResponse`.
        kind: String,
        /// The error's message.
        message: String,
    },
    /// No answer came within the function's timeout, so the process was killed.
    TimedOut(Duration),
    /// The process ended without an answer. The text says what is known about it.
    Crashed(String),
}

/// The body of `/error` requests.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody {
    error_type: String,
    error_message: String,
}

struct Invocation {
    id: String,
    payload: Bytes,
    deadline: SystemTime,
}

/// The id of the current invocation, and the channel for its answer.
type InFlight = Option<(String, oneshot::Sender<Answer>)>;

struct Shared {
    waiting: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    in_flight: Mutex<InFlight>,
    polled: watch::Sender<bool>,
    init_error: Mutex<Option<String>>,
}

impl Shared {
    /// Passes the answer on. Returns false if nobody waits for that invocation.
    fn answer(&self, id: &str, answer: Answer) -> bool {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        match in_flight.take() {
            Some((expected, sender)) if expected == id => sender.send(answer).is_ok(),
            other => {
                *in_flight = other;
                false
            }
        }
    }
}

/// The server. Dropping it ends it.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    invocations: mpsc::Sender<Invocation>,
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

impl RuntimeApi {
    /// Listens on a free loopback port.
    pub(crate) async fn start() -> Result<Self> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("cannot find a free loopback port for the runtime API")?;
        let address = listener.local_addr().context("cannot read the runtime API's address")?;
        let (invocations, waiting) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            waiting: tokio::sync::Mutex::new(waiting),
            in_flight: Mutex::new(None),
            polled: watch::Sender::new(false),
            init_error: Mutex::new(None),
        });
        let router = axum::Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::max(MAX_PAYLOAD_BYTES))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the runtime API ended");
            }
        });
        Ok(Self { address, invocations, shared, server })
    }

    /// Returns `host:port`, the value for `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the process asks for its first invocation. That ends its cold start.
    pub(crate) async fn polled(&self) {
        // The sender lives as long as `self`, so only the value can end this wait.
        let _ = self.shared.polled.subscribe().wait_for(|polled| *polled).await;
    }

    /// Returns the error that the process sent to `/init/error`, if any.
    pub(crate) fn init_error(&self) -> Option<String> {
        self.shared.init_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Hands over one invocation. The receiver gets its answer.
    pub(crate) async fn invoke(
        &self,
        payload: Bytes,
        timeout: Duration,
    ) -> Result<oneshot::Receiver<Answer>> {
        let (sender, receiver) = oneshot::channel();
        let id = Uuid::new_v4().to_string();
        *self.shared.in_flight.lock().unwrap_or_else(PoisonError::into_inner) = Some((id.clone(), sender));
        let invocation = Invocation { id, payload, deadline: SystemTime::now() + timeout };
        self.invocations.send(invocation).await.ok().context("the runtime API is closed")?;
        Ok(receiver)
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.polled.send_replace(true);
    let Some(Invocation { id, payload, deadline }) = shared.waiting.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", FUNCTION_ARN.to_owned()),
        ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000;Sampled=0".to_owned()),
    ];
    (headers, payload).into_response()
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> StatusCode {
    let (answer, accepted) = match body {
        Ok(body) => (parse_response(&body), StatusCode::ACCEPTED),
        Err(rejection) => (
            Answer::FunctionError {
                kind: "Function.ResponseSizeTooLarge".to_owned(),
                message: rejection.body_text(),
            },
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    };
    if shared.answer(&id, answer) { accepted } else { StatusCode::BAD_REQUEST }
}

fn parse_response(body: &[u8]) -> Answer {
    // A function that returns nothing sends an empty body.
    let body = if body.is_empty() { b"null" } else { body };
    serde_json::from_slice(body).map_or_else(
        |error| Answer::FunctionError {
            kind: "Runtime.InvalidResponse".to_owned(),
            message: format!("the response is not JSON: {error}"),
        },
        Answer::Response,
    )
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let (kind, message) = parse_error(&body);
    if shared.answer(&id, Answer::FunctionError { kind, message }) {
        StatusCode::ACCEPTED
    } else {
        StatusCode::BAD_REQUEST
    }
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let (kind, message) = parse_error(&body);
    *shared.init_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{kind}: {message}"));
    StatusCode::ACCEPTED
}

fn parse_error(body: &[u8]) -> (String, String) {
    serde_json::from_slice(body).map_or_else(
        |_| ("Unhandled".to_owned(), String::from_utf8_lossy(body).into_owned()),
        |ErrorBody { error_type, error_message }| (error_type, error_message),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_body_is_null_and_text_is_an_error() {
        assert_eq!(parse_response(b""), Answer::Response(Value::Null));
        assert!(matches!(parse_response(b"fine"), Answer::FunctionError { .. }));
    }

    #[test]
    fn an_error_without_the_documented_shape_is_kept_as_it_is() {
        assert_eq!(
            parse_error(br#"{"errorType":"T","errorMessage":"m","stackTrace":[]}"#),
            ("T".to_owned(), "m".to_owned())
        );
        assert_eq!(parse_error(b"gone"), ("Unhandled".to_owned(), "gone".to_owned()));
    }
}
