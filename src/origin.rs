//! Where a record came from, with one variant per door.
//!
//! An origin names its record in ids, results, logs and the quarantine. A door parses it once, and later stages
//! trust it.

mod arrival;
mod sequence_number;

use std::borrow::Cow;

use predictor::plain_text::Plain;
use serde::Serialize;

pub use arrival::Arrival;
pub use sequence_number::SequenceNumber;

use crate::failure::{Rejected, Undelivered};

/// Stands for a shard or a position that cannot be a file name.
const UNKNOWN: &str = "unknown";

/// Where a record came from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin<'a> {
    /// A Kinesis stream.
    Kinesis(KinesisOrigin<'a>),
}

/// A place in a Kinesis stream. AWS always gives all of it; hand-made events may lack any part.
#[derive(Debug, Clone, PartialEq)]
pub struct KinesisOrigin<'a> {
    /// ARN of the stream.
    pub stream_arn: Cow<'a, str>,
    /// The shard, `shardId-…`.
    pub shard: Cow<'a, str>,
    /// The sequence number in the shard, or the text that is not one.
    pub sequence_number: Result<SequenceNumber<'a>, Cow<'a, str>>,
    /// When the stream accepted the record.
    pub arrived_at: Option<Arrival<'a>>,
}

impl<'a> Origin<'a> {
    /// Appends the text that ids are made of. It names the record among all records of all doors.
    pub fn push_id_text(&self, text: &mut String) {
        let Self::Kinesis(origin) = self;
        let KinesisOrigin { stream_arn, shard, .. } = origin;
        for part in [stream_arn, "|", shard, "|", origin.sequence_number_text()] {
            text.push_str(part);
        }
    }

    /// The text of [`Origin::push_id_text`].
    #[must_use]
    pub fn id_text(&self) -> String {
        let mut text = String::new();
        self.push_id_text(&mut text);
        text
    }

    /// Appends the members of a result's `source`, as JSON without braces.
    pub fn push_source(&self, json: &mut String) {
        let Self::Kinesis(origin) = self;
        json.push_str("\"shard\":");
        push_json(json, &origin.shard);
        json.push_str(",\"sequence_number\":");
        push_json(json, origin.sequence_number_text());
    }

    /// When the record arrived, if that is known.
    #[must_use]
    pub fn arrived_at(&self) -> Option<&Arrival<'a>> {
        let Self::Kinesis(origin) = self;
        origin.arrived_at.as_ref()
    }

    /// Whether both records belong to one lane, which has its own order and its own checkpoint.
    #[must_use]
    pub fn is_same_lane(&self, other: &Self) -> bool {
        let (Self::Kinesis(a), Self::Kinesis(b)) = (self, other);
        (&a.stream_arn, &a.shard) == (&b.stream_arn, &b.shard)
    }

    /// Checks that the record could be reported to whoever delivers it.
    ///
    /// # Errors
    /// When it has no position under which Lambda would deliver it again.
    pub fn check_position(&self) -> Result<(), Rejected> {
        let Self::Kinesis(origin) = self;
        match origin.sequence_number {
            Ok(_) => Ok(()),
            Err(_) => Err(Rejected::Entry("kinesis.sequenceNumber: expected 1 to 128 digits".to_owned())),
        }
    }

    /// The quarantine's folder for the record's lane: a file name, whatever the event says.
    #[must_use]
    pub fn folder(&self) -> &str {
        let Self::Kinesis(origin) = self;
        let shard = origin.shard.as_ref();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_name =
            (1..=128).contains(&shard.len()) && !shard.starts_with('.') && shard.chars().all(is_plain);
        if is_name { shard } else { UNKNOWN }
    }

    /// The record's position in its lane, for file names.
    #[must_use]
    pub fn position(&self) -> &str {
        let Self::Kinesis(origin) = self;
        origin.sequence_number.as_ref().map_or(UNKNOWN, SequenceNumber::as_str)
    }

    /// Writes to the log that documents of the record were quarantined: how many, the place and the reason of the first,
    /// and the reasons of others.
    pub fn log_quarantined(
        &self,
        documents: usize,
        (place, reason): (u32, &str),
        other_reasons: Option<&str>,
    ) {
        let (shard, number) = self.log_names();
        tracing::warn!(
            %shard,
            sequence_number = %number,
            documents,
            sub_sequence = place,
            reason = %Plain::name(reason),
            other_reasons,
            "record quarantined"
        );
    }

    /// Writes to the log that the record and all records after it in its lane are reported.
    pub fn log_reported(&self, reason: &Undelivered) {
        let (shard, number) = self.log_names();
        let reason = Plain::line(&reason.reason);
        tracing::warn!(%shard, sequence_number = %number, %reason, "records reported from here on");
    }

    /// The shard and the sequence number for a line of the log, whatever the event says.
    fn log_names(&self) -> (Plain<'_>, Plain<'_>) {
        let Self::Kinesis(origin) = self;
        (Plain::name(&origin.shard), Plain::name(origin.sequence_number_text()))
    }
}

impl KinesisOrigin<'_> {
    /// The sequence number as the event has it, valid or not.
    #[must_use]
    pub fn sequence_number_text(&self) -> &str {
        match &self.sequence_number {
            Ok(number) => number.as_str(),
            Err(text) => text,
        }
    }
}

impl KinesisOrigin<'_> {
    /// The same origin, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> KinesisOrigin<'static> {
        KinesisOrigin {
            stream_arn: Cow::Owned(self.stream_arn.into_owned()),
            shard: Cow::Owned(self.shard.into_owned()),
            sequence_number: owned(self.sequence_number, SequenceNumber::into_owned),
            arrived_at: self.arrived_at.map(Arrival::into_owned),
        }
    }
}

impl Default for KinesisOrigin<'_> {
    fn default() -> Self {
        Self {
            stream_arn: Cow::Borrowed(""),
            shard: Cow::Borrowed(""),
            sequence_number: Err(Cow::Borrowed("")),
            arrived_at: None,
        }
    }
}

/// A parsed text, or the text that could not be parsed, borrowing nothing.
pub(crate) fn owned<T, U>(
    parsed: Result<T, Cow<'_, str>>,
    into_owned: impl FnOnce(T) -> U,
) -> Result<U, Cow<'static, str>> {
    parsed.map(into_owned).map_err(|text| Cow::Owned(text.into_owned()))
}

/// Appends a string as JSON.
fn push_json(json: &mut String, text: &(impl Serialize + ?Sized)) {
    // A string always has a JSON form.
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(shard: &str, number: &str) -> Origin<'static> {
        Origin::Kinesis(KinesisOrigin {
            stream_arn: "arn:of:stream".into(),
            shard: shard.to_owned().into(),
            sequence_number: SequenceNumber::parse(number.to_owned().into()),
            arrived_at: None,
        })
    }

    #[test]
    fn ids_and_sources_name_stream_shard_and_sequence_number() {
        assert_eq!(origin("s", "49").id_text(), "arn:of:stream|s|49");
        let mut json = String::new();
        origin("a\"b", "4x").push_source(&mut json);
        assert_eq!(json, r#""shard":"a\"b","sequence_number":"4x""#);
    }

    #[test]
    fn file_names_cannot_lead_out_of_their_folder() {
        assert_eq!(origin("shardId-000000000001", "49").folder(), "shardId-000000000001");
        for hostile in ["", "..", ".", "a/b", "../../x", "a b", "ä", "a\0", "a\n", &"a".repeat(129)] {
            assert_eq!(origin(hostile, "49").folder(), UNKNOWN, "{hostile:?}");
        }
        for (number, position) in [("49", "49"), ("../4", UNKNOWN), ("", UNKNOWN)] {
            assert_eq!(origin("s", number).position(), position);
        }
    }

    #[test]
    fn a_record_without_a_position_cannot_be_reported() {
        assert!(origin("s", "49").check_position().is_ok());
        assert!(origin("s", "4x").check_position().is_err());
    }

    #[test]
    fn a_lane_is_a_shard_of_a_stream() {
        assert!(origin("a", "1").is_same_lane(&origin("a", "2")));
        assert!(!origin("a", "1").is_same_lane(&origin("b", "1")));
    }
}
