//! The quarantine as a Kinesis stream: a line is a record, under the key of the record that it is about.

use crate::error::Undelivered;
use crate::sink::{Entry, KinesisSink, MAX_RECORD_BYTES};
use crate::time_limit::TimeLimit;

use super::{Line, Quarantined};

/// See [`super::Quarantine::store`].
pub(super) async fn store(
    sink: &KinesisSink,
    model: (&str, &str),
    records: &[Quarantined<'_>],
    limit: &TimeLimit,
) -> Result<(), Undelivered> {
    let entries = records.iter().map(|record| entry(model, record)).collect::<Result<Vec<_>, _>>()?;
    sink.publish(&entries, limit).await.undelivered.map_or(Ok(()), Err)
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
