//! Runs the model on rows, and isolates the rows on which it fails.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::model::Model;
use crate::{Limits, Rejected};
use serving_spec::columns::{Rows, Values};

use super::pace::Pace;

/// A run of several rows may take this many times as long as they usually do. If it takes longer, one of them is
/// probably to blame.
const PATIENCE: u32 = 3;

/// The least that a run of several rows may take.
const LEAST: Duration = Duration::from_millis(50);

/// A run that fails is followed by one of this part of its rows, and a run that succeeds by one of this many times as
/// many.
const STEP: usize = 4;

/// The most bytes of text in the outputs of several runs.
const MAX_TEXT: usize = 1 << 20;

/// The most rows of a run grow by this part of them.
const GROWTH: usize = 8;

/// The outputs for some rows. They come from one run of the model, or from several if it fails on a row.
pub struct Runs {
    runs: Vec<Vec<Values>>,
    /// For each row that was reached, its run and its place in that run, or why it has no outputs.
    places: Vec<Result<(usize, usize), Rejected>>,
}

/// The most rows of a run, as the memory of earlier runs taught.
#[derive(Debug)]
pub struct RowLimit(AtomicUsize);

impl Default for RowLimit {
    fn default() -> Self {
        Self(AtomicUsize::new(usize::MAX))
    }
}

impl RowLimit {
    pub fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, rows: usize) {
        self.0.store(rows.max(1), Ordering::Relaxed);
    }
}

impl Runs {
    /// Runs the model, if it can, once for all rows. If that fails, it runs fewer, down to the single rows that fail.
    /// At least one row is reached, unless the clock is over.
    pub fn of(model: &Model, rows: &Rows, limits: &Limits, pace: &Pace, most: &RowLimit) -> Self {
        let begin = Instant::now();
        let mut all = Self { runs: Vec::new(), places: Vec::with_capacity(rows.len) };
        let is_unlimited = limits.document == Duration::MAX;
        let mut size = most.get();
        let mut text = 0;
        while all.places.len() < rows.len {
            let from = all.places.len();
            let range = from..rows.len.min(from.saturating_add(size));
            let time = if range.len() == 1 || is_unlimited {
                limits.document
            } else {
                LEAST.max(pace.time(range.len()) * PATIENCE)
            };
            let start = Instant::now();
            let outputs = run(model, rows, &range, &limits.clock, time);
            match outputs {
                Ok(outputs) => {
                    all.places.extend((0..range.len()).map(|place| Ok((all.runs.len(), place))));
                    text += outputs.iter().map(text_bytes).sum::<usize>();
                    all.runs.push(outputs);
                    size = range.len().saturating_mul(STEP);
                    if range.len() >= most.get() {
                        most.set(range.len() + range.len().div_ceil(GROWTH));
                    }
                }
                Err(_) if limits.clock.is_over() => break,
                Err(rejected) if range.len() > 1 => {
                    size = range.len() / STEP;
                    match rejected {
                        Rejected::TooMuchMemory => most.set(size),
                        Rejected::TooSlow => pace.took(start.elapsed(), range.len(), true),
                        _ => {}
                    }
                }
                Err(rejected) => {
                    all.places.push(Err(rejected));
                    size = STEP;
                }
            }
            size = size.clamp(1, most.get());
            let is_enough = begin.elapsed() > limits.call || text > MAX_TEXT && !is_unlimited;
            if is_enough && !all.places.is_empty() {
                break;
            }
        }
        all
    }

    /// How many rows were reached.
    pub fn reached(&self) -> usize {
        self.places.len()
    }

    /// The outputs of a row that was reached, and its place among them.
    ///
    /// # Errors
    /// When it has none.
    #[inline]
    pub fn row(&self, row: usize) -> Result<(&[Values], usize), Rejected> {
        let (run, place) = self.places[row].clone()?;
        Ok((&self.runs[run], place))
    }
}

/// Runs the model on some of the rows.
fn run(
    model: &Model,
    rows: &Rows,
    range: &Range<usize>,
    clock: &limits::Clock,
    time: Duration,
) -> Result<Vec<Values>, Rejected> {
    let clock = clock.within(time);
    let outputs = if range.len() == rows.len {
        model.run_within(rows, &clock)
    } else {
        model.run_within(&rows.slice(range), &clock)
    };
    outputs.map_err(|error| match error.downcast_ref::<onnx_ml::Error>() {
        Some(onnx_ml::Error::Deadline(_)) => Rejected::TooSlow,
        Some(onnx_ml::Error::TooLarge(_)) => Rejected::TooMuchMemory,
        _ => Rejected::Model,
    })
}

/// The bytes of the texts among outputs.
fn text_bytes(outputs: &Values) -> usize {
    match outputs {
        Values::String(texts) => texts.iter().map(String::len).sum(),
        _ => 0,
    }
}
