//! Generates the records. Each is identified by its number.

use fastrand::Rng;

/// Number of partition keys.
pub(super) const KEYS: usize = 5_000;

/// One record in this many is bad: no model can predict for it.
const BAD: u32 = 100;

/// One record.
#[derive(Debug, PartialEq)]
pub(super) struct SoakRecord {
    /// The number of the key, below [`KEYS`].
    pub(super) key: usize,
    pub(super) is_bad: bool,
    pub(super) data: String,
}

/// All records of a seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct SoakRecords {
    pub(super) seed: u64,
}

impl SoakRecords {
    /// Returns a record by its number. It is a ride with the number as its id, or a text that ends in the
    /// number.
    pub(super) fn get(self, number: usize) -> SoakRecord {
        let mut random = Rng::with_seed(self.seed ^ (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let key = random.usize(..KEYS);
        let is_bad = random.u32(..BAD) == 0;
        let data = if is_bad {
            format!("no ride {number}")
        } else {
            let (from, to, miles) = (random.u8(1..=250), random.u8(1..=250), random.f64() * 9.0);
            format!(
                r#"{{"ride": {{"PULocationID": {from}, "DOLocationID": {to}, "trip_distance": {miles:.2}}}, "ride_id": {number}}}"#
            )
        };
        SoakRecord { key, is_bad, data }
    }
}

/// Returns a partition key by its number.
pub(super) fn key(key: usize) -> String {
    format!("rider-{key}")
}

/// Reads the number at the end of a bad record.
pub(super) fn number(data: &[u8]) -> Option<usize> {
    std::str::from_utf8(data).ok()?.strip_prefix("no ride ")?.parse().ok()
}
