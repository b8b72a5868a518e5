//! What the function asks of AWS: clients, S3, and how long it waits.

mod attempt;
mod backoff;
mod bounded_answer;
pub mod clients;
pub(crate) mod download;
mod error;
pub mod s3;
mod time_limit;

pub use attempt::{FailedAttempt, REQUEST_TIMEOUT};
pub use backoff::Backoff;
pub use error::{code, describe};
pub use time_limit::TimeLimit;
