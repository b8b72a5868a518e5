//! The time that work may take. Work that does not wait for anything looks at a [`Clock`] now and then, and stops
//! when it is over.
//!
//! ```
//! use std::time::Duration;
//! use limits::Clock;
//!
//! let clock = Clock::unlimited().within(Duration::from_millis(5));
//! let mut meter = clock.meter();
//! let mut steps = 0_u64;
//! while meter.spend(1).is_ok() {
//!     steps += 1;
//! }
//! assert!(clock.is_over() && steps > 0);
//! ```

pub mod names;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Work that [`Meter`] lets through before it looks at the clock. A step is about a byte or an element, so this is a
/// fraction of a millisecond.
const STEPS: usize = 1 << 14;

/// The time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time is up")]
pub struct Late;

/// Says when work must stop: at a moment, or as soon as a flag is set.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    until: Option<Instant>,
    stop: Option<Arc<AtomicBool>>,
}

impl Clock {
    /// A clock that is never over.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self { until: None, stop: None }
    }

    /// A clock that is over from `until` on.
    #[must_use]
    pub fn until(until: Instant) -> Self {
        Self { until: Some(until), stop: None }
    }

    /// The same clock, but it is also over as soon as `stop` is true.
    #[must_use]
    pub fn or_when(self, stop: Arc<AtomicBool>) -> Self {
        Self { stop: Some(stop), ..self }
    }

    /// The same clock, but it is also over after `time` from now.
    #[must_use]
    pub fn within(&self, time: Duration) -> Self {
        let until = Instant::now().checked_add(time);
        Self { until: until.into_iter().chain(self.until).min(), stop: self.stop.clone() }
    }

    /// Whether the time is up.
    #[must_use]
    #[inline]
    pub fn is_over(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
            || self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Checks that there is time left.
    ///
    /// # Errors
    /// [`Late`] if there is none.
    #[inline]
    pub fn check(&self) -> Result<(), Late> {
        if self.is_over() { Err(Late) } else { Ok(()) }
    }

    /// The time that is left: `None` if it is unlimited.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        if self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            return Some(Duration::ZERO);
        }
        self.until.map(|until| until.saturating_duration_since(Instant::now()))
    }

    /// Counts steps for a loop that is too fast to look at the clock in each of them.
    #[must_use]
    pub fn meter(&self) -> Meter<'_> {
        Meter { clock: self, left: STEPS }
    }
}

/// Looks at a clock after every few thousand steps.
#[derive(Debug)]
pub struct Meter<'c> {
    clock: &'c Clock,
    left: usize,
}

impl Meter<'_> {
    /// Counts `steps`.
    ///
    /// # Errors
    /// [`Late`] if the time was up when the clock was looked at.
    #[inline]
    pub fn spend(&mut self, steps: usize) -> Result<(), Late> {
        if steps < self.left {
            self.left -= steps;
            return Ok(());
        }
        self.left = STEPS;
        self.clock.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_over_at_its_moment_or_when_it_is_stopped() {
        assert!(!Clock::unlimited().is_over());
        assert_eq!(Clock::unlimited().left(), None);
        assert!(Clock::until(Instant::now()).is_over());
        let stop = Arc::new(AtomicBool::new(false));
        let clock = Clock::until(Instant::now() + Duration::from_hours(1)).or_when(Arc::clone(&stop));
        assert_eq!(clock.check(), Ok(()));
        assert!(clock.within(Duration::ZERO).is_over() && !clock.within(Duration::MAX).is_over());
        assert!(clock.within(Duration::from_hours(2)).left() <= Some(Duration::from_hours(1)));
        stop.store(true, Ordering::Relaxed);
        assert_eq!((clock.check(), clock.left()), (Err(Late), Some(Duration::ZERO)));
        assert!(clock.within(Duration::from_hours(1)).is_over(), "the flag goes along");
    }

    #[test]
    fn a_meter_looks_at_the_clock_now_and_then() {
        let over = Clock::until(Instant::now());
        let mut meter = over.meter();
        assert_eq!(meter.spend(STEPS - 1), Ok(()));
        assert_eq!(meter.spend(1), Err(Late));
        assert_eq!(meter.spend(1), Ok(()));
        assert_eq!(meter.spend(usize::MAX), Err(Late));
    }
}
