//! The quarantine as a Kinesis stream: a line is a record, under the key of the record that it is about.

use crate::error::Undelivered;
use crate::sink::{Delivery, Entry, KinesisSink, MAX_RECORD_BYTES};
use crate::time_limit::TimeLimit;

use super::{Line, Quarantined, Unstored};

/// See [`super::Quarantine::store`].
pub(super) async fn store(
    sink: &KinesisSink,
    model: (&str, &str),
    records: &[Quarantined<'_>],
    limit: &TimeLimit,
) -> Result<(), Unstored> {
    let mut too_large = None;
    let entries = records.iter().map(|record| entry(model, record));
    let entries: Vec<Entry> =
        entries.map_while(|entry| entry.map_err(|error| too_large = Some(error)).ok()).collect();
    let Delivery { accepted, undelivered } = sink.publish(&entries, limit).await;
    let stored = accepted.iter().position(|accepted| !accepted).unwrap_or(entries.len());
    undelivered.or(too_large).map_or(Ok(()), |undelivered| Err(Unstored { stored, undelivered }))
}

/// Fails if the stream would not take it, whatever the time.
fn entry(model: (&str, &str), quarantined: &Quarantined<'_>) -> Result<Entry, Undelivered> {
    let record = quarantined.record;
    let keys = [&record.partition_key, &record.shard];
    let key = keys.into_iter().find(|key| (1..=256).contains(&key.chars().count()));
    let key = key.map_or("unknown", |key| key.as_ref());
    let entry = Entry { key: key.to_owned(), data: Line::new(model, quarantined).to_bytes() };
    if entry.bytes() > MAX_RECORD_BYTES {
        let (bytes, shard, sequence_number) = (entry.bytes(), &record.shard, &record.sequence_number);
        let reason = format!(
            "the line of {shard}:{sequence_number} is too large for the quarantine stream: {bytes} bytes with its partition \
             key, at most {MAX_RECORD_BYTES}; QUARANTINE_LOCATION takes it"
        );
        return Err(Undelivered { reason });
    }
    Ok(entry)
}
