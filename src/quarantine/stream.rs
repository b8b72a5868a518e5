//! The quarantine as a Kinesis stream: each line is a record, under the key of the record that it describes.

use crate::aws::TimeLimit;
use crate::failure::Undelivered;
use crate::sinks::{Delivery, KinesisSink, MAX_RECORD_BYTES, OutgoingRecord};
use predictor::decode::PartitionKey;

use super::{Line, Quarantined, Unstored};

/// See [`super::Quarantine::store`].
pub(super) async fn store(
    sink: &KinesisSink,
    model: (&str, &str),
    records: &[Quarantined<'_>],
    limit: &TimeLimit,
) -> Result<(), Unstored> {
    let mut too_large = None;
    let lines = records.iter().map(|record| outgoing(model, record));
    let lines: Vec<OutgoingRecord> =
        lines.map_while(|line| line.map_err(|error| too_large = Some(error)).ok()).collect();
    let Delivery { accepted, undelivered } = sink.publish(&lines, limit).await;
    let stored = accepted.iter().position(|accepted| !accepted).unwrap_or(lines.len());
    undelivered.or(too_large).map_or(Ok(()), |undelivered| Err(Unstored { stored, undelivered }))
}

/// The line as a record of the stream.
///
/// # Errors
/// When it is larger than a record of the stream may be.
fn outgoing<'a>(
    model: (&str, &str),
    quarantined: &Quarantined<'a>,
) -> Result<OutgoingRecord<'a>, Undelivered> {
    let record = quarantined.record;
    // A record whose own key is not valid goes under the name of its lane.
    let key = record.key.as_ref().map_or_else(|_| record.origin.folder(), PartitionKey::as_str);
    let mut outgoing = OutgoingRecord { key, data: Line::new(model, quarantined).to_bytes() };
    if outgoing.bytes() > MAX_RECORD_BYTES {
        outgoing.data = Line::short(model, quarantined).to_bytes();
    }
    let bytes = outgoing.bytes();
    if bytes > MAX_RECORD_BYTES {
        let (lane, position) = (record.origin.folder(), record.origin.position());
        let reason = format!(
            "the line of {lane}:{position} is too large for the quarantine stream: {bytes} bytes with its partition key, \
             expected at most {MAX_RECORD_BYTES}; set QUARANTINE_LOCATION, which takes lines of any size"
        );
        return Err(Undelivered { reason });
    }
    Ok(outgoing)
}
