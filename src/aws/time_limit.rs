//! The time limit of an invocation or of a cold start.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use limits::Clock;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// A deadline, or an earlier stop that SIGTERM requests.
#[derive(Debug, Clone)]
pub struct TimeLimit {
    deadline: Instant,
    terminated: Option<watch::Receiver<bool>>,
    stop: Option<Arc<AtomicBool>>,
}

impl TimeLimit {
    /// A limit at `deadline`.
    #[must_use]
    pub fn at(deadline: Instant) -> Self {
        Self { deadline, terminated: None, stop: None }
    }

    /// A limit at `deadline`, or as soon as `terminated` is true.
    #[must_use]
    pub fn unless(terminated: watch::Receiver<bool>, deadline: Instant) -> Self {
        Self { deadline, terminated: Some(terminated), stop: None }
    }

    /// The same limit, but it is also over as soon as `stop` is true. Work that waits for nothing sees a flag that a
    /// signal handler sets, while a channel needs the runtime to run.
    #[must_use]
    pub fn or_when(self, stop: Arc<AtomicBool>) -> Self {
        Self { stop: Some(stop), ..self }
    }

    /// Whether the time is up.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// The time that is left.
    #[must_use]
    pub fn left(&self) -> Duration {
        let stopped = self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed));
        if stopped || self.terminated.as_ref().is_some_and(|terminated| *terminated.borrow()) {
            return Duration::ZERO;
        }
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The same limit, for work that waits for nothing.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let clock = Clock::until(self.deadline.into_std());
        self.stop.iter().fold(clock, |clock, stop| clock.or_when(Arc::clone(stop)))
    }

    /// A limit at half of the time that is left.
    #[must_use]
    pub fn half(&self) -> Self {
        Self { deadline: Instant::now() + self.left() / 2, ..self.clone() }
    }

    /// Does `work` until the time is up, or until `longest` has passed. `None` if it was not done by then.
    pub async fn within<T>(&self, longest: Duration, work: impl Future<Output = T>) -> Option<T> {
        let until = self.deadline.min(Instant::now() + longest);
        tokio::select! {
            biased;
            () = self.terminated() => None,
            done = timeout_at(until, work) => done.ok(),
        }
    }

    /// Does a step of `work` as [`TimeLimit::within`] does.
    ///
    /// # Errors
    /// When it was not done by then: why, without the name of the step.
    pub async fn step<T>(&self, longest: Duration, work: impl Future<Output = T>) -> anyhow::Result<T> {
        let done = self.within(longest, work).await;
        done.with_context(|| {
            if self.is_over() { "the time is up".to_owned() } else { format!("no answer within {longest:?}") }
        })
    }

    /// Waits. Returns false if the time is up after the wait. If it would be up before the end of the wait,
    /// it returns false at once.
    pub async fn wait(&self, wait: Duration) -> bool {
        if wait >= self.left() {
            return false;
        }
        self.within(wait, std::future::pending::<()>()).await;
        !self.is_over()
    }

    async fn terminated(&self) {
        let ended = match self.terminated.clone() {
            Some(mut terminated) => terminated.wait_for(|terminated| *terminated).await.is_ok(),
            None => false,
        };
        if !ended {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn work_ends_at_the_deadline_or_at_a_shorter_limit() {
        let limit = TimeLimit::at(Instant::now() + 10 * SECOND);
        assert_eq!(limit.within(SECOND, async { 7 }).await, Some(7));
        assert_eq!(limit.within(SECOND, std::future::pending::<()>()).await, None);
        assert_eq!(limit.left(), 9 * SECOND);
        assert_eq!(limit.within(60 * SECOND, std::future::pending::<()>()).await, None);
        assert!(limit.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn no_wait_goes_past_the_deadline() {
        let limit = TimeLimit::at(Instant::now() + 10 * SECOND);
        assert!(limit.wait(9 * SECOND).await);
        assert!(!limit.wait(SECOND).await);
        assert_eq!(limit.left(), SECOND, "the wait did not begin");
    }

    #[tokio::test(start_paused = true)]
    async fn termination_ends_work_and_waits_at_once() {
        let (terminate, terminated) = watch::channel(false);
        let start = Instant::now();
        let limit = TimeLimit::unless(terminated, start + 100 * SECOND);
        let ending = async {
            tokio::time::sleep(SECOND).await;
            terminate.send_replace(true);
        };
        let (work, ()) = tokio::join!(limit.within(50 * SECOND, std::future::pending::<()>()), ending);
        assert_eq!((work, start.elapsed()), (None, SECOND));
        assert!(limit.is_over() && !limit.wait(Duration::from_millis(1)).await);
        assert_eq!(limit.within(SECOND, async { 7 }).await, None, "no more work begins");
    }

    #[tokio::test(start_paused = true)]
    async fn a_flag_ends_a_limit_and_its_clock() {
        let stop = Arc::new(AtomicBool::new(false));
        let limit = TimeLimit::at(Instant::now() + SECOND).or_when(Arc::clone(&stop));
        let clock = limit.half().clock();
        assert!(!limit.is_over() && clock.check().is_ok() && clock.left() <= Some(SECOND / 2));
        stop.store(true, Ordering::Relaxed);
        assert!(limit.is_over() && clock.is_over());
        assert!(TimeLimit::at(Instant::now()).clock().is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_that_takes_too_long_says_how_long() {
        let limit = TimeLimit::at(Instant::now() + 10 * SECOND);
        let step =
            async |longest| limit.step(longest, std::future::pending::<()>()).await.unwrap_err().to_string();
        assert_eq!(step(9 * SECOND).await, "no answer within 9s");
        assert_eq!(step(9 * SECOND).await, "the time is up");
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_sender_does_not_terminate() {
        let (terminate, terminated) = watch::channel(false);
        drop(terminate);
        let limit = TimeLimit::unless(terminated, Instant::now() + SECOND);
        assert_eq!(limit.within(SECOND, async { 7 }).await, Some(7));
    }
}
