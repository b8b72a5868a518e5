//! Sinks accept results: a Kinesis stream, or the answer of a test run. One file per sink.

mod kinesis;
mod request;

use crate::aws::TimeLimit;
use crate::failure::{Rejected, Undelivered};

pub use kinesis::{KinesisSink, MAX_RECORD_BYTES};

/// A result on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingRecord<'a> {
    /// The partition key: 1 to 256 characters. Results of one key keep their order.
    pub key: &'a str,
    /// The result.
    pub data: Vec<u8>,
}

impl OutgoingRecord<'_> {
    /// The size that Kinesis counts: data and key.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.data.len() + self.key.len()
    }
}

/// A destination of results.
#[derive(Debug, Clone)]
pub enum Sink {
    /// Publishes to a stream.
    Kinesis(KinesisSink),
    /// Publishes nothing. A test run returns the results in its answer.
    Answer,
    /// Publishes nothing, and accepts what a stream would accept: the dry run of a replay.
    DryRun,
}

/// What became of some records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// For each record, whether it was accepted.
    pub accepted: Vec<bool>,
    /// Why the others were not.
    pub undelivered: Option<Undelivered>,
}

impl Sink {
    /// Looks whether the output stream exists.
    ///
    /// # Errors
    /// When it does not.
    pub async fn find(&self) -> anyhow::Result<()> {
        match self {
            Self::Kinesis(stream) => stream.find("PREDICTIONS_STREAM_NAME").await,
            Self::Answer | Self::DryRun => Ok(()),
        }
    }

    /// Checks a result of `bytes` bytes and its partition key, which is `None` if the record's is not valid.
    ///
    /// # Errors
    /// When the sink would never accept the result.
    pub fn check(&self, key: Option<&str>, bytes: usize) -> Result<(), Rejected> {
        match self {
            Self::Kinesis(_) | Self::DryRun => kinesis::check(key, bytes),
            Self::Answer => Ok(()),
        }
    }

    /// Publishes records in their order, and gives up when the time is up.
    pub async fn publish(&self, records: &[OutgoingRecord<'_>], limit: &TimeLimit) -> Delivery {
        match self {
            Self::Kinesis(sink) => sink.publish(records, limit).await,
            Self::Answer | Self::DryRun => Delivery::all(records.len()),
        }
    }
}

impl Delivery {
    /// Every one of `records` records was accepted.
    #[must_use]
    pub fn all(records: usize) -> Self {
        Self { accepted: vec![true; records], undelivered: None }
    }

    /// What two sinks accepted of the same records: only what both did. The reason is that of the sink which stopped
    /// first.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let stop = |delivery: &Self| {
            delivery.accepted.iter().position(|accepted| !accepted).unwrap_or(delivery.accepted.len())
        };
        let (first, second) = if stop(&self) <= stop(other) { (&self, other) } else { (other, &self) };
        let undelivered = first.undelivered.clone().or_else(|| second.undelivered.clone());
        let accepted = self.accepted.iter().zip(&other.accepted).map(|(a, b)| *a && *b).collect();
        Self { accepted, undelivered }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sinks_accept_what_both_accept_and_the_first_to_stop_says_why() {
        let delivery = |accepted: [bool; 3], reason: Option<&str>| Delivery {
            accepted: accepted.to_vec(),
            undelivered: reason.map(|reason| Undelivered { reason: reason.to_owned() }),
        };
        let (late, early) =
            (delivery([true, true, false], Some("late")), delivery([false, true, true], Some("early")));
        assert_eq!(late.clone().and(&early), delivery([false, true, false], Some("early")));
        assert_eq!(Delivery::all(3).and(&late), late);
        assert_eq!(Delivery::all(3).and(&Delivery::all(3)), Delivery::all(3));
    }
}
