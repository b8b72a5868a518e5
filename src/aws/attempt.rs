//! One try to write to a service, within the time limit of an invocation.

use std::time::Duration;

/// A request that is not answered within this time is given up and sent again.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a try did not succeed.
#[derive(Debug)]
pub struct FailedAttempt {
    /// One line for people.
    pub reason: String,
    /// Whether waiting cannot help: the service refuses the request itself.
    pub is_permanent: bool,
}

impl FailedAttempt {
    /// A failure that may be over at the next try.
    pub fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_permanent: false }
    }
}
