//! Accounts for every record, in eight bytes each.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Deserialize;

use super::records::{KEYS, SoakRecords, key, number};
use crate::fake::Accepted;

/// The accounts of a soak.
#[derive(Debug)]
pub(super) struct Account {
    records: SoakRecords,
    /// For each record, the hash of its prediction or quarantine line, or 0 as long as there is none.
    ends: Vec<u64>,
    /// For each key, the number after that of the last predicted record.
    next_of_key: Vec<usize>,
    predicted: usize,
    quarantined: usize,
    out_of_order: usize,
    duplicates: usize,
    unequal: usize,
    /// Outputs of unknown records, and outputs in the wrong place.
    unexpected: usize,
}

/// The members of a prediction that are read.
#[derive(Deserialize)]
struct PredictedRide {
    prediction: Ride,
}

#[derive(Deserialize)]
struct Ride {
    ride_id: usize,
}

/// The members of a quarantine line that are read.
#[derive(Deserialize)]
struct QuarantineLine<'a> {
    payload: &'a str,
}

impl Account {
    pub(super) fn new(records: SoakRecords) -> Self {
        Self {
            records,
            ends: Vec::new(),
            next_of_key: vec![0; KEYS],
            predicted: 0,
            quarantined: 0,
            out_of_order: 0,
            duplicates: 0,
            unequal: 0,
            unexpected: 0,
        }
    }

    /// Adds the next record.
    pub(super) fn put(&mut self) {
        self.ends.push(0);
    }

    /// Returns the number of records that were put.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Adds a prediction from the output stream. Call it in the order of acceptance.
    pub(super) fn predicted(&mut self, accepted: &Accepted) {
        let id = serde_json::from_slice(&accepted.data).ok();
        let Some(id) = id.map(|PredictedRide { prediction }| prediction.ride_id) else {
            self.unexpected += 1;
            return;
        };
        let record = self.records.get(id);
        if record.is_bad || accepted.key != key(record.key) {
            self.unexpected += 1;
            return;
        }
        if self.is_first(id, &accepted.data) {
            self.predicted += 1;
            let next = &mut self.next_of_key[record.key];
            self.out_of_order += usize::from(id < *next);
            *next = (*next).max(id + 1);
        }
    }

    /// Adds a line of the quarantine.
    pub(super) fn quarantined(&mut self, line: &[u8]) {
        let payload = serde_json::from_slice(line).ok().map(|QuarantineLine { payload }| payload);
        let payload = payload.and_then(|payload| base64_simd::STANDARD.decode_to_vec(payload).ok());
        match payload.and_then(|payload| number(&payload)) {
            Some(id) if self.records.get(id).is_bad => {
                self.quarantined += usize::from(self.is_first(id, line));
            }
            _ => self.unexpected += 1,
        }
    }

    /// Returns whether this is the record's first output. A later output must be equal to it.
    fn is_first(&mut self, id: usize, bytes: &[u8]) -> bool {
        let Some(end) = self.ends.get_mut(id) else {
            self.unexpected += 1;
            return false;
        };
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let hash = hasher.finish().max(1);
        if *end == 0 {
            *end = hash;
            return true;
        }
        self.duplicates += 1;
        self.unequal += usize::from(*end != hash);
        false
    }

    /// Counts the records without an output.
    fn lost(&self) -> usize {
        self.ends.iter().filter(|end| **end == 0).count()
    }

    /// Returns whether every promise is kept.
    pub(super) fn is_balanced(&self) -> bool {
        [self.lost(), self.out_of_order, self.unequal, self.unexpected] == [0; 4]
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("records put", self.ends.len()),
            ("predicted", self.predicted),
            ("quarantined", self.quarantined),
            ("lost", self.lost()),
            ("out of order", self.out_of_order),
            ("unequal duplicates", self.unequal),
            ("unexpected", self.unexpected),
            ("duplicates", self.duplicates),
        ];
        lines.iter().try_for_each(|(what, count)| writeln!(f, "{what:<20}{count:>10}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: usize = 1_000;

    fn prediction(id: usize, number: u64) -> Accepted {
        let key = key(SoakRecords { seed: 1 }.get(id).key);
        let data = format!(r#"{{"prediction": {{"minutes": 1, "ride_id": {id}}}}}"#).into();
        Accepted { number, shard: String::new(), key, data, request: 1, arrived_at: 1 }
    }

    fn line(data: &str) -> String {
        format!(r#"{{"payload": "{}"}}"#, base64_simd::STANDARD.encode_to_string(data))
    }

    /// Accounts for all records except the first good one.
    fn account() -> (Account, usize) {
        let records = SoakRecords { seed: 1 };
        let mut account = Account::new(records);
        (0..COUNT).for_each(|_| account.put());
        let first = (0..COUNT).find(|id| !records.get(*id).is_bad).unwrap();
        for id in (0..COUNT).filter(|id| *id != first) {
            let record = records.get(id);
            if record.is_bad {
                account.quarantined(line(&record.data).as_bytes());
            } else {
                account.predicted(&prediction(id, id as u64));
            }
        }
        (account, first)
    }

    #[test]
    fn every_way_to_be_wrong_is_counted() {
        let (mut account, first) = account();
        assert_eq!((account.lost(), account.is_balanced()), (1, false));
        assert_eq!(account.predicted + account.quarantined, COUNT - 1);
        account.next_of_key[account.records.get(first).key] = 0;
        account.predicted(&prediction(first, 0));
        assert!(account.is_balanced(), "{account}");

        account.predicted(&prediction(first, 1));
        assert!(account.is_balanced() && account.duplicates == 1, "{account}");
        let other = prediction(first, 2);
        account.predicted(&Accepted { data: [&other.data[..], b" "].concat().into(), ..other });
        assert_eq!((account.unequal, account.is_balanced()), (1, false));
        account.predicted(&Accepted { key: "another".to_owned(), ..prediction(first, 3) });
        account.predicted(&prediction(COUNT, 4));
        account.quarantined(line(&account.records.get(first).data).as_bytes());
        assert_eq!(account.unexpected, 3);
    }

    #[test]
    fn an_overtaken_record_is_out_of_order() {
        let records = SoakRecords { seed: 1 };
        let mut account = Account::new(records);
        let good: Vec<usize> = (0..100 * KEYS).filter(|id| !records.get(*id).is_bad).collect();
        (0..100 * KEYS).for_each(|_| account.put());
        let of_key = |of: usize| good.iter().copied().filter(move |id| records.get(*id).key == of);
        let [first, second] = of_key(7).take(2).collect::<Vec<_>>()[..] else { panic!() };
        let other = of_key(8).next().unwrap();
        for (id, out_of_order) in [(second, 0), (other, 0), (first, 1), (second, 1)] {
            account.predicted(&prediction(id, 0));
            assert_eq!(account.out_of_order, out_of_order);
        }
    }
}
