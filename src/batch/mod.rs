//! A batch of records, from payloads to settled documents. Every record ends published, quarantined or reported.
//!
//! A batch has lanes, which are shards or topic-partitions. Each lane has its own order and its own checkpoint: it is
//! worked off from its first record to its last, and ends at the first record that is not settled. Lanes run side by
//! side, so a lane that waits or stops does not hold up another.
//!
//! Within a lane, records are unpacked and settled piece by piece. This bounds memory, and the clock is read often
//! enough to stop in time.

mod lane;
mod outcomes;
mod row_budget;
mod scored;
mod unpacked;

use std::time::Instant;

use anyhow::{Context, Result};
use futures_util::future::FutureExt;
use futures_util::stream::{self, StreamExt};

use crate::aws::TimeLimit;
use crate::failure::Undelivered;
use crate::quarantine::Quarantine;
use crate::record::Record;
use crate::sinks::Sink;
use limits::Clock;
use predictor::Predictor;
use predictor::model::directory::ModelDirectory;

pub use outcomes::Outcomes;

use row_budget::RowBudget;
use unpacked::Share;

/// Lanes that run side by side. They share the memory that one lane would take.
const LANES_AT_ONCE: usize = 8;

/// Everything that an invocation needs, made once at cold start.
#[derive(Debug)]
pub struct Handler {
    predictor: Predictor,
    row_budget: RowBudget,
    quarantine: Quarantine,
    sinks: Vec<Sink>,
    /// Whether results go into the answer instead of being published.
    answers: bool,
}

/// What became of a batch.
#[derive(Debug)]
pub struct Batch {
    /// How far each lane came, in the order of the lanes.
    pub lanes: Vec<LaneEnd>,
    /// What became of the documents of all lanes.
    pub outcomes: Outcomes,
    /// The results of a test run, lane by lane.
    pub results: Option<Vec<Vec<u8>>>,
}

/// How far a lane came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneEnd {
    /// How many of its records are settled, from the first on.
    pub settled: usize,
    /// Why the next record is not settled; `None` if all are.
    pub undelivered: Option<Undelivered>,
}

impl Handler {
    /// Loads the model of a directory, checks the serving spec against it, and tests both with the input example.
    ///
    /// # Errors
    /// When anything about the model or its spec is wrong, or neither `run_id` nor `MLmodel` gives a run id.
    pub fn load(
        directory: &ModelDirectory,
        run_id: Option<&str>,
        quarantine: Quarantine,
        sinks: Vec<Sink>,
    ) -> Result<Self> {
        let predictor = Predictor::load(directory, run_id, &Clock::unlimited());
        let predictor = predictor.with_context(|| format!("the model at {}", directory.origin()))?;
        let (name, version) = predictor.identity();
        tracing::info!(
            model = name,
            version,
            origin = directory.origin(),
            build = crate::version::version(),
            "ready"
        );
        let start = Instant::now();
        predictor.warm_up()?;
        let row_budget = RowBudget::of(start.elapsed(), 1);
        let answers = sinks.iter().any(|sink| matches!(sink, Sink::Answer));
        Ok(Self { predictor, row_budget, quarantine, sinks, answers })
    }

    /// Scores and settles the records of each lane, in their order, until the time is up.
    pub async fn handle(&self, lanes: &[&[Record<'_>]], limit: &TimeLimit) -> Batch {
        let share = Share::of(lanes.len().min(LANES_AT_ONCE));
        // Boxed: the compiler cannot prove a stream of the bare futures `Send`.
        let run = |(index, records)| self.run_lane(index, records, share, limit).boxed();
        let running: Vec<_> = lanes.iter().copied().enumerate().map(run).collect();
        let mut ended: Vec<_> = stream::iter(running).buffer_unordered(LANES_AT_ONCE).collect().await;
        ended.sort_unstable_by_key(|lane| lane.index);

        let mut batch = Batch {
            lanes: Vec::with_capacity(ended.len()),
            outcomes: Outcomes::default(),
            results: self.answers.then(Vec::new),
        };
        for lane in ended {
            batch.lanes.push(lane.end);
            batch.outcomes.add(&lane.outcomes);
            if let Some(results) = &mut batch.results {
                results.extend(lane.results);
            }
        }
        batch
    }
}
