//! The door for event source mappings of Kinesis streams.
//!
//! An event has one lane: its records belong to one shard. The answer names at most one record, the first that is not
//! settled. Lambda delivers that record and all later ones again
//! (<https://docs.aws.amazon.com/lambda/latest/dg/kinesis-batchfailurereporting.html>).

mod event;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::aws::TimeLimit;
use crate::batch::{Batch, Handler, Outcomes};
use crate::failure::Undelivered;
use crate::origin::{Origin, SequenceNumber};
use crate::record::Record;

pub use event::{parse, parse_entry};

/// The answer as Lambda understands it. A test run also returns its predictions.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The results of a test run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predictions: Option<Vec<Box<RawValue>>>,
    /// At most one record: Lambda delivers everything from it on again.
    #[serde(rename = "batchItemFailures")]
    pub batch_item_failures: Vec<BatchItemFailure>,
    /// What became of the documents.
    #[serde(skip)]
    pub outcomes: Outcomes,
}

/// A record that Lambda is asked to deliver again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Its sequence number.
    pub item_identifier: String,
}

/// Handles one invocation: every record of the event ends published, quarantined or reported.
///
/// # Errors
/// When the event is not a Kinesis invocation, or a record that must be reported has no sequence number.
pub async fn handle(handler: &Handler, event: &str, limit: &TimeLimit) -> Result<Answer> {
    let mut records = parse(event)?;
    sort(&mut records);
    let Batch { lanes, outcomes, results } = handler.handle(&[&records], limit).await;
    outcomes.log();
    let stopped = lanes.into_iter().find_map(|lane| Some((lane.settled, lane.undelivered?)));
    let failure =
        stopped.map(|(settled, undelivered)| report(&records[settled], &undelivered)).transpose()?;
    let predictions = results.map(|results| results.into_iter().map(as_json).collect()).transpose()?;
    Ok(Answer { predictions, batch_item_failures: failure.into_iter().collect(), outcomes })
}

/// Sorts the records of one shard by their sequence numbers, if each has one. Lambda sends them in this order.
pub fn sort(records: &mut [Record<'_>]) {
    if records.iter().all(|record| number(record).is_some()) {
        records.sort_by(|a, b| number(a).cmp(&number(b)));
    }
}

fn number<'r, 'a>(record: &'r Record<'a>) -> Option<&'r SequenceNumber<'a>> {
    let Origin::Kinesis(origin) = &record.origin;
    origin.sequence_number.as_ref().ok()
}

/// Lambda's checkpoint: it delivers this record and all later ones again.
fn report(record: &Record<'_>, undelivered: &Undelivered) -> Result<BatchItemFailure> {
    record.origin.log_reported(undelivered);
    let number = number(record)
        .with_context(|| format!("a record without a sequence number cannot be reported: {undelivered}"))?;
    Ok(BatchItemFailure { item_identifier: number.as_str().to_owned() })
}

fn as_json(result: Vec<u8>) -> Result<Box<RawValue>> {
    Ok(RawValue::from_string(String::from_utf8(result)?)?)
}
