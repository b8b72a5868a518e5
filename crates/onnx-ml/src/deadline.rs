//! Bounds the time that planning a graph may take.
//!
//! tract compares each node that it adds with all that are there, and it compares sizes that depend on the
//! number of rows slowly. A graph of a few thousand hostile operators would keep it busy for hours.
//!
//! tract calls operators of this crate that plan graphs themselves, such as `If`. It cannot hand a clock to them,
//! so the deadline of a thread's planning is kept for the thread.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Error, Result, ensure};
use limits::{Clock, Meter};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::optim::{Optimizer, OptimizerSession, TypedPass};

use super::error::{Exceeds, Late};
use super::twins::{self, MergeTwins};

/// The most time for planning a graph, from the file's bytes in memory to the plan. The largest models need less
/// than a second; small cloud machines are 20 times slower.
const MAX_TIME: Duration = Duration::from_secs(20);

/// The most regular expressions of a graph. A tokenizer has one, or some for its separators.
const MAX_EXPRESSIONS: usize = 256;

/// The most bytes of the automata of all regular expressions.
const MAX_EXPRESSION_BYTES: usize = 64 << 20;

thread_local! {
    static CURRENT: RefCell<Option<Deadline>> = const { RefCell::new(None) };
}

/// The time by which planning must end, and what it is doing.
#[derive(Debug, Clone)]
pub(super) struct Deadline {
    start: Instant,
    clock: Clock,
    doing: &'static str,
    expressions: Arc<Expressions>,
}

/// The regular expressions that were made while planning.
#[derive(Debug, Default)]
struct Expressions {
    count: AtomicUsize,
    bytes: AtomicUsize,
}

impl Deadline {
    /// The deadline of planning that begins now: the clock's, and at most [`MAX_TIME`].
    pub fn from_now(clock: &Clock) -> Self {
        Self {
            start: Instant::now(),
            clock: clock.within(MAX_TIME),
            doing: "reading it",
            expressions: Arc::default(),
        }
    }

    /// The deadline of the planning that this thread is in. Outside of any, one that begins now.
    pub fn current(doing: &'static str) -> Self {
        let current = CURRENT.with_borrow(Clone::clone);
        Self { doing, ..current.unwrap_or_else(|| Self::from_now(&Clock::unlimited())) }
    }

    /// Makes this the thread's deadline while `plan` runs.
    pub fn hold<T>(self, plan: impl FnOnce() -> T) -> T {
        /// Puts back what was there before, even if planning panics.
        struct Before(Option<Deadline>);
        impl Drop for Before {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let _before = Before(CURRENT.replace(Some(self)));
        plan()
    }

    /// Checks that the deadline has not passed.
    ///
    /// # Errors
    /// [`Late`] if it has.
    pub fn check(&self) -> Result<()> {
        self.clock.check().map_err(|_| self.late())
    }

    /// Counts steps, for a loop that is too fast for [`Deadline::check`].
    pub fn meter(&self) -> Meter<'_> {
        self.clock.meter()
    }

    /// Counts a regular expression that was made.
    ///
    /// # Errors
    /// [`Exceeds`] if there are too many, or they take too many bytes.
    pub fn count_expression(&self, bytes: usize) -> Result<()> {
        let count = self.expressions.count.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = self.expressions.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        ensure!(
            count <= MAX_EXPRESSIONS,
            Exceeds(format!("the graph has more than {MAX_EXPRESSIONS} regular expressions"))
        );
        ensure!(
            bytes <= MAX_EXPRESSION_BYTES,
            Exceeds(format!("the regular expressions take more than {MAX_EXPRESSION_BYTES} bytes"))
        );
        Ok(())
    }

    /// Starts to count anew, for a graph that is read again.
    pub fn forget_expressions(&self) {
        self.expressions.count.store(0, Ordering::Relaxed);
        self.expressions.bytes.store(0, Ordering::Relaxed);
    }

    /// The error for a deadline that has passed.
    pub fn late(&self) -> Error {
        Late { doing: self.doing, time: self.start.elapsed() }.into()
    }

    /// The passes with which tract simplifies a graph, bounded by the deadline.
    pub fn declutter(&self) -> Optimizer {
        self.bound(Optimizer::declutter())
    }

    /// The passes with which tract chooses how to compute each operator, bounded by the deadline.
    pub fn codegen(&self) -> Optimizer {
        self.bound(Optimizer::codegen())
    }

    fn bound(&self, mut optimizer: Optimizer) -> Optimizer {
        let bound = |pass: Box<dyn TypedPass>| -> Box<dyn TypedPass> {
            let is_replaced = format!("{pass:?}") == twins::OF_TRACT;
            let pass = if is_replaced { Box::new(MergeTwins(self.clone())) } else { pass };
            Box::new(Bound { pass, deadline: self.clone() })
        };
        optimizer.passes = optimizer.passes.into_iter().map(bound).collect();
        optimizer
    }
}

/// A pass over the graph that fails once the deadline has passed. tract asks it for one change after another.
#[derive(Clone)]
struct Bound {
    pass: Box<dyn TypedPass>,
    deadline: Deadline,
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pass.fmt(f)
    }
}

impl TypedPass for Bound {
    fn reset(&mut self) -> TractResult<()> {
        self.deadline.check()?;
        self.pass.reset()
    }

    fn next(
        &mut self,
        session: &mut OptimizerSession,
        model: &TypedModel,
    ) -> TractResult<Option<TypedModelPatch>> {
        self.deadline.check()?;
        self.pass.next(session, model)
    }

    fn run_direct(&mut self, model: &mut TypedModel) -> TractResult<bool> {
        self.deadline.check()?;
        self.pass.run_direct(model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_bounded_in_number_and_in_bytes() {
        let deadline = Deadline::from_now(&Clock::unlimited());
        deadline.count_expression(MAX_EXPRESSION_BYTES).unwrap();
        assert!(deadline.count_expression(1).is_err());
        let deadline = Deadline::from_now(&Clock::unlimited());
        (0..MAX_EXPRESSIONS).for_each(|_| deadline.count_expression(1).unwrap());
        assert!(deadline.count_expression(1).is_err());
    }

    #[test]
    fn planning_within_planning_has_the_same_deadline() {
        let over = Deadline::from_now(&Clock::until(Instant::now()));
        assert!(Deadline::current("a").check().is_ok());
        let late = over.hold(|| Deadline::current("inferring types").check()).unwrap_err();
        assert_eq!(late.to_string(), "planning the graph: not done after 0.0 seconds, still inferring types");
        assert!(Deadline::current("a").check().is_ok());
    }
}
