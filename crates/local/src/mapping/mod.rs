//! An event source mapping: reads every shard of a stream, and invokes the function as Lambda's own mapping
//! does.
//!
//! The place in the stream is kept in memory, so a new mapping begins at its starting position again. It has
//! no event filters, no tumbling windows, no enhanced fan-out and no `ParallelizationFactor` above 1.

pub mod batcher;
pub mod dead_letter;
pub mod decision;
pub mod event;
pub mod lineage;
pub mod response;
pub mod sequence;
pub mod settings;
mod shard;
mod source;
pub mod statistics;

use std::future::Future;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::function::Function;
use crate::runtime_api::Answer;
use event::ShardOrigin;
use lineage::Lineage;
pub use settings::{Settings, StartingPosition};
use shard::{ShardWorker, Shared};
use source::ShardReader;
use statistics::Ledger;
pub use statistics::{Counts, Statistics};

/// Something that a mapping can invoke: a [`Function`], or a closure that scripts the answers.
pub trait Invoke: Send + Sync + 'static {
    /// Invokes it once, with an event as JSON text. The mapping calls this for several shards at a time.
    ///
    /// # Errors
    /// When it cannot be invoked at all. That does not use up a retry of the batch.
    fn invoke(&self, event: String) -> impl Future<Output = Result<Answer>> + Send;
}

impl Invoke for Function {
    async fn invoke(&self, event: String) -> Result<Answer> {
        Self::invoke(self, event).await
    }
}

impl<F, A> Invoke for F
where
    F: Fn(String) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Answer>> + Send,
{
    fn invoke(&self, event: String) -> impl Future<Output = Result<Answer>> + Send {
        self(event)
    }
}

/// A running mapping. Dropping it ends it immediately. [`Mapping::stop`] lets invocations finish.
#[derive(Debug)]
pub struct Mapping {
    ledger: Ledger,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<Result<()>>>,
}

impl Mapping {
    /// Starts to read `stream`. When this returns, the places in all shards are fixed. So with
    /// [`StartingPosition::Latest`], the mapping reads every record that is put from then on.
    ///
    /// Pass `s3` if the settings name an on-failure bucket.
    ///
    /// # Errors
    /// When a setting is out of range, or the stream cannot be read.
    pub async fn start<I: Invoke>(
        kinesis: aws_sdk_kinesis::Client,
        s3: Option<aws_sdk_s3::Client>,
        stream: &str,
        settings: Settings,
        invoker: Arc<I>,
    ) -> Result<Self> {
        settings.check()?;
        anyhow::ensure!(
            settings.on_failure_bucket.is_none() || s3.is_some(),
            "the settings name an on-failure bucket, but there is no S3 client"
        );
        let summary = kinesis.describe_stream_summary().stream_name(stream).send().await;
        let summary = summary.with_context(|| format!("cannot read the stream {stream}"))?;
        let stream_arn = summary.stream_description_summary().context("the stream has no description")?;
        let (stop, stopped) = watch::channel(false);
        let ledger = Ledger::default();
        let mut coordinator = Coordinator {
            stream_arn: stream_arn.stream_arn().to_owned(),
            kinesis,
            shared: Arc::new(Shared { settings, s3, invoker, ledger: ledger.clone() }),
            lineage: Lineage::default(),
            workers: JoinSet::new(),
            stopped,
        };
        coordinator.discover().await?;
        let task = tokio::spawn(coordinator.run());
        Ok(Self { ledger, stop, task: Some(task) })
    }

    /// Returns the numbers so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.ledger.snapshot()
    }

    /// Lets the current invocations finish, then ends. Records that stay unsettled count as neither delivered
    /// nor discarded.
    ///
    /// # Errors
    /// When a shard's task panicked.
    pub async fn stop(mut self) -> Result<Statistics> {
        self.stop.send_replace(true);
        if let Some(task) = &mut self.task {
            task.await.context("the mapping panicked")??;
        }
        Ok(self.ledger.snapshot())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Begins shards, and records their ends.
struct Coordinator<I> {
    stream_arn: String,
    kinesis: aws_sdk_kinesis::Client,
    shared: Arc<Shared<I>>,
    lineage: Lineage,
    workers: JoinSet<Option<String>>,
    stopped: watch::Receiver<bool>,
}

impl<I: Invoke> Coordinator<I> {
    async fn run(mut self) -> Result<()> {
        let mut stopped = self.stopped.clone();
        loop {
            let pause = tokio::time::sleep(self.shared.settings.discovery_interval);
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => break,
                Some(ended) = self.workers.join_next() => {
                    if let Some(shard) = ended.context("a shard's task panicked")? {
                        self.lineage.finish(&shard);
                    }
                }
                () = pause => {}
            }
            if let Err(error) = self.discover().await {
                tracing::warn!(error = format!("{error:#}"), "looking for new shards failed");
            }
        }
        while let Some(ended) = self.workers.join_next().await {
            ended.context("a shard's task panicked")?;
        }
        Ok(())
    }

    /// Begins to read the shards that may be read now.
    async fn discover(&mut self) -> Result<()> {
        let listed = source::list_shards(&self.kinesis, &self.stream_arn).await?;
        for (shard, start) in self.lineage.begin(&listed, self.shared.settings.starting_position) {
            let origin = ShardOrigin { stream_arn: self.stream_arn.clone(), shard };
            let mut reader = ShardReader::new(self.kinesis.clone(), origin, start);
            if start == StartingPosition::Latest {
                reader.open().await?;
            }
            let shared = Arc::clone(&self.shared);
            let worker = ShardWorker { shared, reader, stopped: self.stopped.clone() };
            self.workers.spawn(worker.run());
        }
        Ok(())
    }
}
