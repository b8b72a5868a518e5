//! What goes wrong, and how often.

use std::time::Duration;

use fastrand::Rng;

/// Probabilities, each from 0 to 1, of what may befall a request that writes. What is read is spared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// Each entry of `PutRecords`: refused, with one of the two codes that the service has.
    pub refused_entry: f64,
    /// The request is refused as too fast: `ProvisionedThroughputExceededException`, S3's `SlowDown`.
    pub throttled: f64,
    /// The request is refused as the service's own failure, status 500.
    pub failed: f64,
    /// The connection breaks before anything is written.
    pub reset: f64,
    /// All is written, and the answer is lost: the connection breaks, or nothing ever comes.
    pub lost_answer: f64,
    /// It is written long after the client has given the request up, and never answered.
    pub late_write: f64,
    /// The answer takes up to [`Faults::slowness`].
    pub slow: f64,
    /// The longest time of a slow answer.
    pub slowness: Duration,
}

/// How long after its arrival a late write may take place.
pub const LATEST_WRITE: Duration = Duration::from_secs(40);

/// What befalls one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Served,
    Throttled,
    Failed,
    Reset,
    /// Whether the connection breaks; else nothing comes.
    LostAnswer(bool),
    LateWrite(Duration),
}

impl Faults {
    /// Each kind with the same probability, of requests and of entries, answers up to two seconds late.
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

    /// What befalls a request, and how long it takes, by its own random numbers.
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

    /// Why an entry is refused, if it is.
    pub(super) fn refusal(&self, random: &mut Rng) -> Option<&'static str> {
        let code = if random.bool() { super::shard::TOO_FAST } else { "InternalFailure" };
        (random.f64() < self.refused_entry).then_some(code)
    }
}
