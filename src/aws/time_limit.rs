//! Until when an invocation may work.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// A deadline, and the wish of the environment to end before it (SIGTERM).
#[derive(Debug, Clone)]
pub struct TimeLimit {
    deadline: Instant,
    terminated: Option<watch::Receiver<bool>>,
}

impl TimeLimit {
    /// Work may go on until `deadline`.
    #[must_use]
    pub fn at(deadline: Instant) -> Self {
        Self { deadline, terminated: None }
    }

    /// Work may go on until `deadline`, but no longer than `terminated` says false.
    #[must_use]
    pub fn unless(terminated: watch::Receiver<bool>, deadline: Instant) -> Self {
        Self { deadline, terminated: Some(terminated) }
    }

    /// Whether the time is up.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// What is left of the time.
    #[must_use]
    pub fn left(&self) -> Duration {
        if self.terminated.as_ref().is_some_and(|terminated| *terminated.borrow()) {
            return Duration::ZERO;
        }
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// A limit at half of what is left.
    #[must_use]
    pub fn half(&self) -> Self {
        Self { deadline: Instant::now() + self.left() / 2, terminated: self.terminated.clone() }
    }

    /// Does `work` until the time is up, or until `longest` has passed; `None` if it was not done by then.
    pub async fn within<T>(&self, longest: Duration, work: impl Future<Output = T>) -> Option<T> {
        let until = self.deadline.min(Instant::now() + longest);
        tokio::select! {
            biased;
            () = self.terminated() => None,
            done = timeout_at(until, work) => done.ok(),
        }
    }

    /// Waits; false, at once, if the time would be up before the end of the wait, and false if it is up by then.
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
    async fn work_ends_at_the_deadline_or_at_its_own_limit() {
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
        assert_eq!(limit.left(), SECOND, "it did not even begin");
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
        assert_eq!(limit.within(SECOND, async { 7 }).await, None, "nothing begins any more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_gone_sender_terminates_nothing() {
        let (terminate, terminated) = watch::channel(false);
        drop(terminate);
        let limit = TimeLimit::unless(terminated, Instant::now() + SECOND);
        assert_eq!(limit.within(SECOND, async { 7 }).await, Some(7));
    }
}
