//! Chooses the records of the next `PutRecords` request.
//!
//! `PutRecords` keeps no order among the entries of a request, and may accept some of them and refuse others. To keep the
//! order of each key, a request holds at most one record per key: the earliest that is still pending.
//! Limits: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>

use hashbrown::HashSet;

use super::OutgoingRecord;

/// Entries per request.
pub const MAX_ENTRIES: usize = 500;

/// Bytes per request, partition keys included. AWS accepts 10 MiB; every endpoint that speaks the protocol accepts half
/// of that.
pub const MAX_REQUEST_BYTES: usize = 5 << 20;

/// The records of the next request, as indices into `records`. `pending` has the indices of those that are not yet
/// accepted, in order.
pub fn next(records: &[OutgoingRecord<'_>], pending: &[usize]) -> Vec<usize> {
    let mut keys = HashSet::new();
    let mut request = Vec::with_capacity(pending.len().min(MAX_ENTRIES));
    let mut bytes = 0;
    for &index in pending {
        let record = &records[index];
        if request.len() == MAX_ENTRIES || bytes + record.bytes() > MAX_REQUEST_BYTES {
            break;
        }
        if keys.insert(record.key) {
            bytes += record.bytes();
            request.push(index);
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::MAX_RECORD_BYTES;

    /// Keys for as many records as a test needs.
    const KEYS: [&str; 5] = ["0", "1", "2", "3", "4"];

    fn record(key: &str, bytes: usize) -> OutgoingRecord<'_> {
        OutgoingRecord { key, data: vec![b'x'; bytes - key.len()] }
    }

    fn all(records: &[OutgoingRecord]) -> Vec<usize> {
        (0..records.len()).collect()
    }

    #[test]
    fn a_request_has_at_most_500_records() {
        let keys: Vec<String> = (0..501).map(|index| index.to_string()).collect();
        let records: Vec<_> = keys.iter().map(|key| record(key, 100)).collect();
        assert_eq!(next(&records[..500], &all(&records[..500])).len(), 500);
        assert_eq!(next(&records, &all(&records)), all(&records[..500]));
    }

    #[test]
    fn a_request_has_at_most_5_mib_with_its_keys() {
        let mut records = KEYS.map(|key| record(key, MAX_RECORD_BYTES));
        assert_eq!(next(&records, &all(&records)).len(), 5, "exactly 5 MiB");
        records[4].data.push(b'x');
        assert_eq!(next(&records, &all(&records)).len(), 4, "a byte more");
    }

    #[test]
    fn a_key_is_in_a_request_once_the_earliest_first() {
        let records = ["a", "b", "a", "c", "b"].map(|key| record(key, 10));
        assert_eq!(next(&records, &all(&records)), [0, 1, 3]);
        assert_eq!(next(&records, &[2, 4]), [2, 4]);
        assert_eq!(next(&records, &[1, 2, 4]), [1, 2], "b was refused: its next waits");
    }

    #[test]
    fn records_after_a_full_request_wait_in_order() {
        // The large record of `a` does not fit. The small one after it must not overtake it.
        let mut records = KEYS.map(|key| record(key, MAX_RECORD_BYTES - 10)).to_vec();
        records.extend([record("a", 100), record("a", 20)]);
        assert_eq!(next(&records, &all(&records)), [0, 1, 2, 3, 4]);
    }
}
