//! Delivers the records of several lanes as event source mappings do.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::time::Duration;

use crate::support::{self, sequence_number};
use fastrand::Rng;
use serde_json::{Value, json};
use stream_predictor::aws::TimeLimit;
use stream_predictor::batch::Handler;
use stream_predictor::doors::kinesis;
use stream_predictor_local::fake::{Attempt, Cloud, Faults};
use tokio::time::{Instant, timeout};

use super::Place;
use super::records::Record;

/// From this invocation on, nothing fails, so that every schedule ends.
const FAULTY_INVOCATIONS: usize = 12;

/// Delivers each lane in order, from the first record that is not known to be settled. Sometimes it repeats
/// records that are settled, and sometimes it kills the function.
pub struct Mapping<'a> {
    pub handler: &'a Handler,
    pub clouds: &'a [Cloud],
    pub lanes: &'a [Vec<Record>],
    /// The place of the document of each result.
    pub places: &'a HashMap<Vec<u8>, Place>,
}

impl Mapping<'_> {
    pub async fn run(&self, random: &mut Rng) {
        let mut positions = vec![0; self.lanes.len()];
        let mut invocations = 0;
        while positions.iter().zip(self.lanes).any(|(position, records)| *position < records.len()) {
            invocations += 1;
            assert!(invocations < FAULTY_INVOCATIONS + 200, "the schedule does not end");
            if invocations == FAULTY_INVOCATIONS {
                self.clouds.iter().for_each(|cloud| cloud.set_faults(Faults::default()));
            }
            // An event need not have records of every lane, but a Kinesis event has those of one.
            let in_event = |random: &mut Rng| self.lanes.len() == 1 || random.u8(0..4) > 0;
            let ranges: Vec<Range<usize>> = positions
                .iter()
                .zip(self.lanes)
                .map(|(&position, records)| {
                    let again = if random.u8(0..10) == 0 { random.usize(..4) } else { 0 };
                    let start = position.saturating_sub(again);
                    let end = records.len().min(position + 1 + random.usize(..10));
                    if in_event(random) { start..end } else { position..position }
                })
                .collect();
            if let Some(ends) = self.invoke(&ranges, random).await {
                positions = ends;
            }
        }
        // After this time, late writes have arrived.
        tokio::time::sleep(Duration::from_mins(2)).await;
    }

    /// Returns the end of each lane; `None` if the function was killed.
    async fn invoke(&self, ranges: &[Range<usize>], random: &mut Rng) -> Option<Vec<usize>> {
        let requests: Vec<u64> = self.clouds.iter().map(|cloud| cloud.counts().writes).collect();
        let seconds = random.u64(1..40);
        let killed_after = if random.u8(0..10) == 0 { random.u64(0..2_000) } else { u64::MAX / 2 };
        let start = Instant::now();
        let limit = support::seconds(seconds);
        let invocation = Box::pin(async {
            if let [range] = ranges {
                vec![self.through_the_door(range, &limit).await]
            } else {
                self.past_the_door(ranges, &limit).await
            }
        });
        let ends = timeout(Duration::from_millis(killed_after), invocation).await.ok();
        assert!(start.elapsed() <= Duration::from_secs(seconds), "the invocation exceeds its time limit");
        for (cloud, before) in self.clouds.iter().zip(requests) {
            self.check_requests(cloud, before, ends.as_deref());
        }
        ends
    }

    /// Delivers one lane as a Kinesis event.
    async fn through_the_door(&self, range: &Range<usize>, limit: &TimeLimit) -> usize {
        let entries: Vec<&Value> = self.lanes[0][range.clone()].iter().map(|record| &record.entry).collect();
        let event = json!({ "Records": entries }).to_string();
        let answer = kinesis::handle(self.handler, &event, limit).await.unwrap();
        let answer = serde_json::to_value(answer).unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap();
        assert!(failures.len() <= 1, "{answer}");
        let number = failures.first().map(|failure| failure["itemIdentifier"].as_str().unwrap());
        let place = number.map(|number| range.clone().find(|place| sequence_number(*place) == number));
        place.map_or(range.end, |place| place.expect("a record of this batch"))
    }

    /// Delivers several lanes directly to the handler.
    async fn past_the_door(&self, ranges: &[Range<usize>], limit: &TimeLimit) -> Vec<usize> {
        let entries: Vec<Vec<String>> = ranges
            .iter()
            .zip(self.lanes)
            .map(|(range, lane)| lane[range.clone()].iter().map(|record| record.entry.to_string()).collect())
            .collect();
        let parse = |entries: &Vec<String>| -> Vec<_> {
            entries.iter().map(|entry| kinesis::parse_entry(entry).unwrap().into_owned()).collect()
        };
        let records: Vec<Vec<_>> = entries.iter().map(parse).collect();
        let lanes: Vec<_> = records.iter().map(Vec::as_slice).collect();
        let batch = self.handler.handle(&lanes, limit).await;
        assert_eq!(batch.lanes.len(), lanes.len());
        let ends = batch.lanes.iter().zip(ranges);
        ends.map(|(end, range)| {
            let all = range.start + end.settled == range.end;
            assert_eq!(end.undelivered.is_none(), all, "a lane that stops has a reason");
            range.start + end.settled
        })
        .collect()
    }

    /// Checks that no new record of a lane is sent while a record of it is refused, or after a record of it
    /// that could not be quarantined.
    fn check_requests(&self, cloud: &Cloud, before: u64, ends: Option<&[usize]>) {
        let attempts = cloud.attempts();
        let mut requests: BTreeMap<u64, Vec<&Attempt>> = BTreeMap::new();
        for attempt in attempts.iter().filter(|attempt| attempt.request > before) {
            requests.entry(attempt.request).or_default().push(attempt);
        }
        let lane_of = |attempt: &Attempt| self.places[&attempt.data[..]].0;
        let (mut sent, mut refused) = (HashSet::new(), HashSet::new());
        for entries in requests.values() {
            for entry in entries {
                let is_clear = refused.iter().all(|(lane, _)| *lane != lane_of(entry));
                assert!(
                    is_clear || sent.contains(&entry.data),
                    "a record overtook a refused record of its lane"
                );
            }
            for entry in entries {
                sent.insert(&entry.data);
                let name = (lane_of(entry), &entry.data);
                if entry.accepted {
                    refused.remove(&name)
                } else {
                    refused.insert(name)
                };
            }
            let keys: HashSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
            assert_eq!(keys.len(), entries.len(), "a request has one record per key");
        }
        for (lane, (&end, records)) in ends.unwrap_or_default().iter().zip(self.lanes).enumerate() {
            let Some(record) = records.get(end) else { continue };
            if record.documents.iter().all(|document| !document.is_good) {
                let documents: usize = records[..=end].iter().map(|record| record.documents.len()).sum();
                let is_before = |data: &[u8]| {
                    let (of, number) = self.places[data];
                    of != lane || number < documents
                };
                assert!(sent.iter().all(|data| is_before(data)), "a record overtook one that is not stored");
            }
        }
    }
}
