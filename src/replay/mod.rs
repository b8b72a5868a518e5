//! `stream-predictor replay`: records that were quarantined, or that Lambda gave up, go through the function once more.
//!
//! Their ids depend on where they came from, not on when they come: who saw the first result knows the second. Objects
//! are read and never changed; what is rejected again stays where it is.

mod batch;
mod entry;
mod object;
mod report;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::Client;
use tokio::time::Instant;

use crate::config::S3Prefix;
use crate::error::Undelivered;
use crate::handler::Handler;
use crate::model::directory::ModelDirectory;
use crate::quarantine::{Quarantine, Rejections};
use crate::s3;
use crate::sink::{KinesisSink, Sink};

use batch::Batch;

pub use object::Records;
pub use report::Report;

/// Objects of one replay: their names are kept.
const MAX_OBJECTS: usize = 100_000;

/// Bytes of an object: it is read whole.
const MAX_OBJECT_BYTES: usize = 64 << 20;

/// How often it is said how far it is.
const PROGRESS: Duration = Duration::from_secs(1);

/// The function as it would be at a cold start, but for what becomes of records that are rejected: they are counted.
#[derive(Debug)]
pub struct Replay {
    handler: Handler,
    rejections: Rejections,
    publishes: bool,
}

impl Replay {
    /// Loads the model of a directory. Without a stream to publish to it is a dry run.
    ///
    /// # Errors
    /// Those of [`Handler::load`].
    pub fn load(
        directory: &ModelDirectory,
        run_id: Option<&str>,
        stream: Option<KinesisSink>,
    ) -> Result<Self> {
        let rejections = Rejections::default();
        let quarantine = Quarantine::Count(rejections.clone());
        let publishes = stream.is_some();
        let handler =
            Handler::load(directory, run_id, quarantine, stream.map_or(Sink::Discard, Sink::Kinesis))?;
        Ok(Self { handler, rejections, publishes })
    }

    /// Sends the records of all objects below `prefix`, in the order of their keys and then of their lines, and tells on
    /// standard error how far it is and what could not be read. Ends early where a record can't be delivered: what comes
    /// behind it must not overtake it.
    ///
    /// # Errors
    /// When there are no objects or too many, or they can't be listed.
    pub async fn run(&self, s3: &Client, prefix: &S3Prefix) -> Result<Report> {
        let mut objects = s3::list(s3, prefix, MAX_OBJECTS).await?;
        ensure!(!objects.is_empty(), "{prefix} holds no object: is it the right prefix?");
        objects.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let mut report = Report::new(self.publishes, objects.len());
        let mut told = Instant::now();
        for object in &objects {
            let key = prefix.join(&object.name);
            let content = if object.bytes > MAX_OBJECT_BYTES as u64 {
                Err(anyhow::anyhow!("{} bytes, at most {MAX_OBJECT_BYTES} are read", object.bytes))
            } else {
                let content = s3::read_small(s3, &key, MAX_OBJECT_BYTES).await;
                content.and_then(|content| content.context("it is gone"))
            };
            let read = match content {
                Ok(content) => match self.replay(&content, &mut report).await {
                    Ok(read) => read,
                    Err(undelivered) => {
                        report.stopped = Some(format!("{key}: {undelivered}"));
                        break;
                    }
                },
                Err(error) => Err(error),
            };
            report.objects_read += 1;
            if let Err(error) = read {
                report.unreadable += 1;
                eprintln!("{key}: {error:#}");
            }
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                eprintln!("{}", report.progress());
            }
        }
        Ok(report)
    }

    /// Sends the records of an object; what of it could not be read, or that it could not be delivered.
    async fn replay(&self, content: &[u8], report: &mut Report) -> Result<Result<()>, Undelivered> {
        let mut records = object::Records::of(content);
        let mut batch = Batch::default();
        for entry in &mut records {
            if !batch.has_room_for(&entry) {
                self.send(std::mem::take(&mut batch), report).await?;
            }
            batch.push(entry);
        }
        self.send(batch, report).await?;
        Ok(records.end())
    }
}
