//! `stream-predictor replay`: scores and publishes records that were quarantined, or that Lambda gave up.
//!
//! Ids depend on where a record came from, not on when it comes, so a consumer recognises a second result. Objects are
//! read and never changed. Records that are rejected again stay where they are.

mod batch;
mod line;
mod object;
mod report;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::Client;
use limits::Clock;
use tokio::time::Instant;

use crate::aws::{TimeLimit, s3};
use crate::batch::Handler;
use crate::config::S3Prefix;
use crate::failure::Undelivered;
use crate::quarantine::{Quarantine, Rejections};
use crate::sinks::{KinesisSink, Sink};
use predictor::model::directory::ModelDirectory;
use predictor::plain_text;

use batch::Batch;

pub use object::{Object, Records};
pub use report::Report;

/// Objects of one replay, whose names are kept in memory.
const MAX_OBJECTS: usize = 100_000;

/// Bytes of an object, which is read whole.
const MAX_OBJECT_BYTES: usize = 64 << 20;

/// Time to list the objects, and to read one of them.
const OBJECT: Duration = Duration::from_mins(10);

/// Interval between progress lines.
const PROGRESS: Duration = Duration::from_secs(1);

/// The function as a cold start makes it, except that it counts rejected records instead of storing them.
#[derive(Debug)]
pub struct Replay {
    handler: Handler,
    rejections: Rejections,
    publishes: bool,
}

impl Replay {
    /// Loads the model of a directory. Without a stream to publish to, the replay is a dry run.
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
        let sink = stream.map_or(Sink::DryRun, Sink::Kinesis);
        let handler = Handler::load(directory, run_id, quarantine, vec![sink], &Clock::unlimited())?;
        Ok(Self { handler, rejections, publishes })
    }

    /// Handles the records of all objects below `prefix`, in the order of the objects' keys and then of their lines.
    /// Progress and unreadable objects go to standard error. The replay ends early at a record that cannot be
    /// delivered, so that later records do not overtake it.
    ///
    /// # Errors
    /// When there are no objects or too many, or they cannot be listed.
    pub async fn run(&self, s3: &Client, prefix: &S3Prefix) -> Result<Report> {
        let mut objects = s3::list(s3, prefix, MAX_OBJECTS, &TimeLimit::at(Instant::now() + OBJECT)).await?;
        ensure!(!objects.is_empty(), "{prefix} holds no object: check the prefix");
        objects.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let mut report = Report::new(self.publishes, objects.len());
        let mut told = Instant::now();
        for object in &objects {
            let key = prefix.join(&object.name);
            let content = if object.bytes > MAX_OBJECT_BYTES as u64 {
                Err(anyhow::anyhow!("expected at most {MAX_OBJECT_BYTES} bytes, found {}", object.bytes))
            } else {
                let limit = TimeLimit::at(Instant::now() + OBJECT);
                let content = s3::read_small(s3, &key, MAX_OBJECT_BYTES, &limit).await;
                content.and_then(|content| content.context("the object is gone"))
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
                eprintln!("{}", plain_text::line(&format_args!("{key}: {error:#}")));
            }
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                eprintln!("{}", report.progress());
            }
        }
        Ok(report)
    }

    /// Handles the records of an object. The inner result says whether all of it could be read.
    ///
    /// # Errors
    /// When a record could not be delivered.
    async fn replay(&self, content: &[u8], report: &mut Report) -> Result<Result<()>, Undelivered> {
        let object = Object::of(content);
        let mut records = object.records();
        let mut batch = Batch::default();
        for record in &mut records {
            if !batch.has_room_for(&record) {
                self.send(std::mem::take(&mut batch), report).await?;
            }
            batch.push(record);
        }
        self.send(batch, report).await?;
        Ok(records.end())
    }
}
