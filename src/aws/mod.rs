//! What the function asks of AWS: clients, S3, the download of a model, and how long it waits.

mod attempt;
mod backoff;
pub mod clients;
mod download;
mod mlflow_store;
mod model_download;
pub mod s3;
mod time_limit;

pub use attempt::{FailedAttempt, REQUEST_TIMEOUT};
pub use backoff::Backoff;
pub use model_download::fetch;
pub use time_limit::TimeLimit;
