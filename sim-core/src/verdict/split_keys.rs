//! Keys found in more than one partition of a topic.

use super::history::History;
use crate::hash::mix;
use crate::record::TopicIx;

/// How many keys have records in more than one partition of their topic's final logs.
pub fn split_keys(history: &History<'_>) -> u64 {
    let ledger = history.ledger;
    if ledger.producers().all(|producer| ledger.keys(producer).is_empty()) {
        return 0;
    }
    let mut seen = Seen::default();
    for log in history.logs {
        for stored in &log.batches {
            let keys = ledger.keys(stored.batch.batch.producer);
            for index in stored.batch.records.iter() {
                let key = keys.get(index as usize).copied().unwrap_or(0);
                if key != 0 {
                    seen.meet(in_topic(log.tp.topic, key), log.tp.partition);
                }
            }
        }
    }
    seen.split
}

/// One number for a topic and the hash of a key; never 0.
fn in_topic(topic: TopicIx, key: u64) -> u64 {
    mix(key, u64::from(topic.0)).max(1)
}

/// A key that was seen in two partitions.
const SPLIT: u32 = u32::MAX;

/// The keys seen so far with their partition: a table with open addresses, a power of two of slots, at most half full.
#[derive(Default)]
struct Seen {
    slots: Vec<(u64, u32)>,
    held: usize,
    split: u64,
}

impl Seen {
    fn meet(&mut self, key: u64, partition: u32) {
        if self.held * 2 >= self.slots.len() {
            self.grow();
        }
        let at = self.slot(key);
        let (held, place) = &mut self.slots[at];
        if *held == 0 {
            (*held, *place) = (key, partition);
            self.held += 1;
        } else if *place != partition && *place != SPLIT {
            *place = SPLIT;
            self.split += 1;
        }
    }

    fn slot(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = key as usize & mask;
        while self.slots[at].0 != 0 && self.slots[at].0 != key {
            at = (at + 1) & mask;
        }
        at
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        let before = std::mem::replace(&mut self.slots, vec![(0, 0); size]);
        for row in before.into_iter().filter(|(key, _)| *key != 0) {
            let at = self.slot(row.0);
            self.slots[at] = row;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_split_once_however_many_partitions_hold_it() {
        let mut seen = Seen::default();
        for (key, partition) in [(7, 0), (7, 0), (8, 1), (7, 1), (7, 2), (7, 0)] {
            seen.meet(key, partition);
        }
        assert_eq!(seen.split, 1);
    }

    #[test]
    fn a_table_that_grows_forgets_nothing() {
        let mut seen = Seen::default();
        for round in 0..2 {
            for key in 1..=10_000 {
                seen.meet(mix(1, key), (key % 3) as u32 + round);
            }
        }
        assert_eq!(seen.split, 10_000);
        assert_eq!(seen.held, 10_000);
    }

    #[test]
    fn one_key_in_two_topics_is_not_split() {
        let mut seen = Seen::default();
        seen.meet(in_topic(TopicIx(0), 5), 0);
        seen.meet(in_topic(TopicIx(1), 5), 1);
        assert_eq!(seen.split, 0);
    }
}
