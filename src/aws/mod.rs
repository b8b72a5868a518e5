//! What the function asks of AWS: clients, S3, the download of a model, and how long it waits.

mod attempt;
mod backoff;
mod bounded_answer;
pub mod clients;
mod download;
mod error;
mod mlflow_store;
mod model_download;
pub mod s3;
mod time_limit;

pub use attempt::{FailedAttempt, REQUEST_TIMEOUT};
pub use backoff::Backoff;
pub use error::{code, describe};
pub use model_download::fetch;
pub use time_limit::TimeLimit;
