//! Runs one function process for each shard, and kills them now and then.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use tokio::task::JoinSet;

use crate::function::{Answer, Function};
use crate::mapping::Invoke;

/// Time limit of one invocation.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The functions, by the number of the shard.
pub(super) struct Pool {
    functions: Vec<Arc<Function>>,
    kills: Arc<AtomicU64>,
}

impl Pool {
    /// Starts a process for each shard.
    pub(super) async fn start(binary: &Path, env: &[(String, String)], shards: usize) -> Result<Self> {
        let mut functions = Vec::new();
        for _ in 0..shards {
            functions.push(Arc::new(Function::start(binary, env.to_owned(), TIMEOUT).await?));
        }
        Ok(Self { functions, kills: Arc::default() })
    }

    /// Kills each process about once per `every`, until the returned set is dropped.
    pub(super) fn kill(&self, every: Duration, random: &mut Rng) -> JoinSet<()> {
        let mut killers = JoinSet::new();
        for function in &self.functions {
            let (function, kills, mut random) =
                (Arc::clone(function), Arc::clone(&self.kills), random.fork());
            killers.spawn(async move {
                loop {
                    tokio::time::sleep(every.mul_f64(0.5 + random.f64())).await;
                    kills.fetch_add(u64::from(function.kill()), Ordering::Relaxed);
                }
            });
        }
        killers
    }

    /// Returns the number of kills.
    pub(super) fn kills(&self) -> u64 {
        self.kills.load(Ordering::Relaxed)
    }

    /// Returns the number of processes that were started.
    pub(super) fn starts(&self) -> u64 {
        self.functions.iter().map(|function| function.starts()).sum()
    }
}

impl Invoke for Pool {
    async fn invoke(&self, event: String) -> Result<Answer> {
        let shard = shard(&event).context("the event names no shard")?;
        let function = self.functions.get(shard).context("the shard has no function")?;
        function.invoke(event).await
    }
}

/// Returns the number of the shard that an event comes from.
fn shard(event: &str) -> Option<usize> {
    let (_, rest) = event.split_once(r#""eventID":"shardId-"#)?;
    rest.split_once(':')?.0.parse().ok()
}
