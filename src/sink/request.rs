//! Which entries go into the next `PutRecords` request.
//!
//! `PutRecords` keeps no order among the entries of a request, and accepts some while it refuses others. So that the
//! results of a key keep their order, a request holds one entry of a key at most, the earliest that is still pending.
//! Limits: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>

use hashbrown::HashSet;

use super::Entry;

/// Entries a request.
pub const MAX_ENTRIES: usize = 500;

/// Bytes a request, partition keys included. The service takes 10 MiB by now; half of that is what every endpoint
/// that speaks its protocol takes.
pub const MAX_REQUEST_BYTES: usize = 5 << 20;

/// Bytes an entry, its partition key included: the default of a stream's largest record.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

/// The entries of the next request, as indices into `entries`, out of those `pending`, which are in order.
pub fn next(entries: &[Entry], pending: &[usize]) -> Vec<usize> {
    let mut keys = HashSet::new();
    let mut request = Vec::with_capacity(pending.len().min(MAX_ENTRIES));
    let mut bytes = 0;
    for &index in pending {
        let entry = &entries[index];
        if request.len() == MAX_ENTRIES || bytes + entry.bytes() > MAX_REQUEST_BYTES {
            break;
        }
        if keys.insert(entry.key.as_str()) {
            bytes += entry.bytes();
            request.push(index);
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, bytes: usize) -> Entry {
        Entry { key: key.to_owned(), data: vec![b'x'; bytes - key.len()] }
    }

    fn all(entries: &[Entry]) -> Vec<usize> {
        (0..entries.len()).collect()
    }

    #[test]
    fn a_request_has_at_most_500_entries() {
        let entries: Vec<_> = (0..501).map(|index| entry(&index.to_string(), 100)).collect();
        assert_eq!(next(&entries[..500], &all(&entries[..500])).len(), 500);
        assert_eq!(next(&entries, &all(&entries)), all(&entries[..500]));
    }

    #[test]
    fn a_request_has_at_most_5_mib_with_its_keys() {
        let mut entries: Vec<_> = (0..5).map(|index| entry(&index.to_string(), MAX_RECORD_BYTES)).collect();
        assert_eq!(next(&entries, &all(&entries)).len(), 5, "exactly 5 MiB");
        entries[4].data.push(b'x');
        assert_eq!(next(&entries, &all(&entries)).len(), 4, "a byte more");
    }

    #[test]
    fn a_key_is_in_a_request_once_the_earliest_first() {
        let entries: Vec<_> = ["a", "b", "a", "c", "b"].iter().map(|key| entry(key, 10)).collect();
        assert_eq!(next(&entries, &all(&entries)), [0, 1, 3]);
        assert_eq!(next(&entries, &[2, 4]), [2, 4]);
        assert_eq!(next(&entries, &[1, 2, 4]), [1, 2], "b was refused: its next waits");
    }

    #[test]
    fn what_is_behind_a_full_request_waits_in_order() {
        // The large entry of `a` does not fit; a small one behind it must not overtake it.
        let mut entries: Vec<_> =
            (0..5).map(|index| entry(&index.to_string(), MAX_RECORD_BYTES - 10)).collect();
        entries.extend([entry("a", 100), entry("a", 20)]);
        assert_eq!(next(&entries, &all(&entries)), [0, 1, 2, 3, 4]);
    }
}
