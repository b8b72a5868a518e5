//! Decides which shards may be read now. A shard's children come after the shard itself, so that the records
//! of a key stay in order through a resharding.
//!
//! Source: <https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html>.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::StartingPosition;

/// A shard as `ListShards` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The shard's id.
    pub id: String,
    /// The shard that it was split from, or the two that it was merged from.
    pub parents: Vec<String>,
    /// Whether it accepts no more records.
    pub closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    Finished,
}

/// Remembers which shards are being read and which are finished.
#[derive(Debug, Default)]
pub struct Lineage {
    states: BTreeMap<String, State>,
    begun: bool,
}

impl Lineage {
    /// Returns the shards to begin, each with its position. They count as being read from now on.
    ///
    /// Only the open shards of the first call can begin at `LATEST`. A shard that appears later holds only
    /// new records.
    pub fn begin(&mut self, listed: &[Listed], start: StartingPosition) -> Vec<(String, StartingPosition)> {
        let first = !std::mem::replace(&mut self.begun, true);
        let latest = first && start == StartingPosition::Latest;
        if latest {
            // All records of a closed shard are older than the start.
            let closed = listed.iter().filter(|shard| shard.closed);
            self.states.extend(closed.map(|shard| (shard.id.clone(), State::Finished)));
        }
        let position = if latest { StartingPosition::Latest } else { StartingPosition::TrimHorizon };
        let present = listed.iter().map(|shard| shard.id.as_str()).collect::<BTreeSet<_>>();
        let unfinished = |id: &str| match self.states.get(id) {
            Some(state) => *state == State::Reading,
            // A parent that is no longer listed has expired, with all its records.
            None => present.contains(id),
        };
        let ready = listed
            .iter()
            .filter(|shard| !self.states.contains_key(&shard.id))
            .filter(|shard| !shard.parents.iter().any(|parent| unfinished(parent)))
            .map(|shard| shard.id.clone())
            .collect::<Vec<_>>();
        self.states.extend(ready.iter().map(|id| (id.clone(), State::Reading)));
        // A finished shard that is no longer listed will not become a parent.
        self.states.retain(|id, state| *state == State::Reading || present.contains(id.as_str()));
        ready.into_iter().map(|id| (id, position)).collect()
    }

    /// Records that all records of a shard are settled.
    pub fn finish(&mut self, id: &str) {
        self.states.insert(id.to_owned(), State::Finished);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StartingPosition::{Latest, TrimHorizon};

    fn shard(id: &str, parents: &[&str], closed: bool) -> Listed {
        Listed { id: id.to_owned(), parents: parents.iter().map(|&id| id.to_owned()).collect(), closed }
    }

    fn ids(begun: Vec<(String, StartingPosition)>) -> Vec<String> {
        begun.into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn each_shard_is_begun_once() {
        let listed = [shard("0", &[], false), shard("1", &[], false)];
        let mut lineage = Lineage::default();
        assert_eq!(ids(lineage.begin(&listed, TrimHorizon)), ["0", "1"]);
        assert!(lineage.begin(&listed, TrimHorizon).is_empty());
        lineage.finish("0");
        assert!(lineage.begin(&listed, TrimHorizon).is_empty());
    }

    #[test]
    fn children_wait_for_their_parent() {
        let listed = [shard("0", &[], true), shard("1", &["0"], false), shard("2", &["0"], false)];
        let mut lineage = Lineage::default();
        assert_eq!(ids(lineage.begin(&listed, TrimHorizon)), ["0"]);
        assert!(lineage.begin(&listed, TrimHorizon).is_empty());
        lineage.finish("0");
        assert_eq!(ids(lineage.begin(&listed, TrimHorizon)), ["1", "2"]);
    }

    #[test]
    fn a_merged_shard_waits_for_both_parents_and_a_grandchild_for_the_merged_shard() {
        let listed = [
            shard("0", &[], true),
            shard("1", &[], true),
            shard("2", &["0", "1"], true),
            shard("3", &["2"], false),
        ];
        let mut lineage = Lineage::default();
        assert_eq!(ids(lineage.begin(&listed, TrimHorizon)), ["0", "1"]);
        lineage.finish("0");
        assert!(lineage.begin(&listed, TrimHorizon).is_empty());
        lineage.finish("1");
        assert_eq!(ids(lineage.begin(&listed, TrimHorizon)), ["2"]);
        lineage.finish("2");
        assert_eq!(ids(lineage.begin(&listed, TrimHorizon)), ["3"]);
    }

    #[test]
    fn a_parent_that_is_no_longer_listed_blocks_its_children_only_while_it_is_read() {
        let mut lineage = Lineage::default();
        assert_eq!(ids(lineage.begin(&[shard("0", &[], false)], TrimHorizon)), ["0"]);
        let listed = [shard("1", &["0"], false), shard("2", &["long gone"], false)];
        assert_eq!(ids(lineage.begin(&listed, TrimHorizon)), ["2"]);
        lineage.finish("0");
        assert_eq!(ids(lineage.begin(&listed, TrimHorizon)), ["1"]);
    }

    #[test]
    fn latest_skips_closed_shards_and_reads_later_ones_from_their_beginning() {
        let mut listed = vec![shard("0", &[], true), shard("1", &["0"], false)];
        let mut lineage = Lineage::default();
        assert_eq!(lineage.begin(&listed, Latest), [("1".to_owned(), Latest)]);
        listed[1].closed = true;
        listed.push(shard("2", &["1"], false));
        lineage.finish("1");
        assert_eq!(lineage.begin(&listed, Latest), [("2".to_owned(), TrimHorizon)]);
    }
}
