//! What a run may still take: time and memory.
//!
//! tract gives an operator its inputs and nothing else, in loops and branches as well. So the limits of the run
//! are those of the thread that runs it. Outside of a run there are none.

use std::cell::{Cell, RefCell};

use anyhow::Result;
use limits::Clock;

use super::error::Exceeds;

thread_local! {
    /// The steps until the next look at the clock.
    static STEPS_LEFT: Cell<usize> = const { Cell::new(STEPS) };
    static CLOCK: RefCell<Clock> = const { RefCell::new(Clock::unlimited()) };
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    static MOST: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Steps of a loop between two looks at the clock. A step is about a byte or an element.
const STEPS: usize = 1 << 14;

/// Restores the limits of the run around this one, also if this one panics.
struct Outer(Clock, usize, usize);

impl Drop for Outer {
    fn drop(&mut self) {
        CLOCK.set(std::mem::take(&mut self.0));
        LEFT.set(self.1);
        MOST.set(self.2);
    }
}

/// Runs `run` until the clock is over, in `bytes` of memory.
pub fn within<T>(clock: &Clock, bytes: usize, run: impl FnOnce() -> T) -> T {
    let _outer = Outer(CLOCK.replace(clock.clone()), LEFT.replace(bytes), MOST.replace(bytes));
    run()
}

/// Checks that there is time left.
///
/// # Errors
/// [`limits::Late`] if there is none.
pub fn check() -> Result<()> {
    Ok(CLOCK.with_borrow(Clock::check)?)
}

/// What an operator counts as, whatever it reads. It takes less than a microsecond.
const OPERATOR: usize = STEPS / 8;

/// Counts an operator by the number of elements that it reads. Looks at the clock after some thousand.
///
/// # Errors
/// [`limits::Late`] if the time is up.
#[inline]
pub fn count(elements: usize) -> Result<()> {
    let steps = OPERATOR.saturating_add(elements);
    let left = STEPS_LEFT.get();
    if steps < left {
        STEPS_LEFT.set(left - steps);
        return Ok(());
    }
    STEPS_LEFT.set(STEPS);
    check()
}

/// Sets how many bytes are in use.
pub fn set_used(bytes: usize) {
    LEFT.set(MOST.get().saturating_sub(bytes));
}

/// How many bytes are in use.
pub fn used() -> usize {
    MOST.get() - LEFT.get()
}

/// Checks that `bytes` more fit into the memory of the run.
///
/// # Errors
/// [`Exceeds`] if they do not.
pub fn room_for(bytes: usize) -> Result<()> {
    if bytes > LEFT.get() {
        return Err(Exceeds(format!("it needs {bytes} bytes more, of {} in all", MOST.get())).into());
    }
    Ok(())
}

/// How often a text that an operator makes is in memory until its result is written: as a tensor, as a column of
/// outputs, and within the result.
const TEXTS: usize = 3;

/// Checks that copies of texts fit into the memory of the run, until results are made of them. They count until the
/// next call of [`set_used`], or until the run ends.
///
/// # Errors
/// [`Exceeds`] if they do not.
pub fn room_for_texts<'t>(texts: impl Iterator<Item = &'t String>) -> Result<()> {
    let bytes = texts.map(String::len).fold(0, usize::saturating_add).saturating_mul(TEXTS);
    room_for(bytes)?;
    LEFT.set(LEFT.get() - bytes);
    Ok(())
}

/// Looks at the clock after every few thousand steps of a loop.
#[derive(Debug, Default)]
pub struct Meter(usize);

impl Meter {
    /// Counts `steps`.
    ///
    /// # Errors
    /// [`limits::Late`] if the time is up.
    #[inline]
    pub fn spend(&mut self, steps: usize) -> Result<()> {
        self.0 += steps;
        if self.0 < STEPS {
            return Ok(());
        }
        self.0 = 0;
        check()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn limits_hold_within_the_run_only() {
        let over = Clock::until(Instant::now());
        let caught = std::panic::catch_unwind(|| {
            within(&over, 10, || {
                assert!(room_for(10).is_ok() && room_for(11).is_err());
                set_used(4);
                assert!(room_for(6).is_ok() && room_for(7).is_err());
                within(&Clock::unlimited(), 100, || assert!(check().is_ok() && room_for(100).is_ok()));
                assert!(room_for(6).is_ok() && room_for(7).is_err());
                assert!(check().is_err() && Meter::default().spend(STEPS).is_err());
                panic!("an operator");
            });
        });
        assert!(caught.is_err() && check().is_ok() && room_for(usize::MAX).is_ok());
    }
}
