//! Decides which requests fail, and how.

use std::time::Duration;

use fastrand::Rng;

/// The probabilities of faults, each from 0 to 1. Only requests that write can fail.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// An entry of `PutRecords` is refused, with one of the service's two codes.
    pub refused_entry: f64,
    /// The request is throttled: `ProvisionedThroughputExceededException`, or `SlowDown` from S3.
    pub throttled: f64,
    /// The service fails, with status 500.
    pub failed: f64,
    /// The connection breaks before anything is written.
    pub reset: f64,
    /// Everything is written, but the answer is lost: the connection breaks, or stays silent.
    pub lost_answer: f64,
    /// The request is written long after the client gave up, and never answered.
    pub late_write: f64,
    /// The answer takes up to [`Faults::slowness`].
    pub slow: f64,
    /// The longest delay of a slow answer.
    pub slowness: Duration,
}

/// The longest time between the arrival of a request and its late write.
pub const LATEST_WRITE: Duration = Duration::from_secs(40);

/// The fate of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Served,
    Throttled,
    Failed,
    Reset,
    /// Holds true if the connection breaks, and false if it stays silent.
    LostAnswer(bool),
    LateWrite(Duration),
}

impl Faults {
    /// Gives every fault the same probability. Slow answers take up to two seconds.
    #[must_use]
    pub fn all(probability: f64) -> Self {
        Self {
            refused_entry: probability,
            throttled: probability,
            failed: probability,
            reset: probability,
            lost_answer: probability,
            late_write: probability,
            slow: probability,
            slowness: Duration::from_secs(2),
        }
    }

    /// Draws the fate of a request, and its delay.
    pub(super) fn fate(&self, random: &mut Rng) -> (Fate, Duration) {
        let wait =
            if random.f64() < self.slow { self.slowness.mul_f64(random.f64()) } else { Duration::ZERO };
        let fates = [
            (self.throttled, Fate::Throttled),
            (self.failed, Fate::Failed),
            (self.reset, Fate::Reset),
            (self.lost_answer, Fate::LostAnswer(random.bool())),
            (self.late_write, Fate::LateWrite(LATEST_WRITE.mul_f64(random.f64()))),
        ];
        let mut drawn = random.f64();
        for (probability, fate) in fates {
            if drawn < probability {
                return (fate, wait);
            }
            drawn -= probability;
        }
        (Fate::Served, wait)
    }

    /// Draws the code of an entry's refusal, or none.
    pub(super) fn refusal(&self, random: &mut Rng) -> Option<&'static str> {
        let code = if random.bool() { super::shard::TOO_FAST } else { "InternalFailure" };
        (random.f64() < self.refused_entry).then_some(code)
    }
}
