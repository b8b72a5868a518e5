//! The wait between retries.

use std::time::Duration;

/// The longest first wait.
const BASE: Duration = Duration::from_millis(50);

/// The longest wait.
const CAP: Duration = Duration::from_secs(5);

/// Exponential backoff with full jitter: a random wait up to a bound that doubles with each try.
///
/// Source: <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The wait before the next try.
    pub fn next_wait(&mut self) -> Duration {
        let bound = self.bound();
        self.tries += 1;
        bound.mul_f64(fastrand::f64())
    }

    fn bound(&self) -> Duration {
        BASE.saturating_mul(1 << self.tries.min(16)).min(CAP)
    }

    /// Makes the waits short again, after progress.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_double_up_to_the_cap() {
        let mut backoff = Backoff::default();
        let mut bounds = Vec::new();
        for _ in 0..40 {
            bounds.push(backoff.bound());
            let bound = backoff.bound();
            assert!(backoff.next_wait() <= bound);
        }
        assert_eq!(bounds[..3], [50, 100, 200].map(Duration::from_millis));
        assert_eq!(bounds[39], CAP);
        backoff.reset();
        assert_eq!(backoff.bound(), BASE);
    }

    #[test]
    fn waits_are_random() {
        let waits: std::collections::HashSet<_> = (0..50).map(|_| Backoff::default().next_wait()).collect();
        assert!(waits.len() > 25);
    }
}
