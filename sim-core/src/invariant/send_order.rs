//! V21: with idempotence, or with one request in flight, the first copies of a partition's records stand in the order in
//! which they were put into batches. Not so where a leader has no batch of an idempotent producer yet: it takes whatever
//! sequence comes first (Kafka's `ProducerAppendInfo.checkSequence`), while earlier ones may be on their way to the leader
//! before it.

use std::collections::{BTreeMap, BTreeSet};

use super::look::Look;
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::{BrokerId, ProducerIx, RecordId, TopicPartition};
use crate::trace::Event;
use crate::verdict::Told;

/// The place of each record among those of its producer and partition.
#[derive(Default)]
pub(super) struct SendOrder {
    places: BTreeMap<RecordId, u32>,
    next: BTreeMap<(ProducerIx, TopicPartition), u32>,
    /// Where a leader has begun a producer's sequences in the middle.
    begun_late: BTreeSet<(ProducerIx, TopicPartition)>,
}

impl Checker for SendOrder {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, _: &mut Found) {
        for (_, event) in step.events {
            match *event {
                Event::Accumulated { producer, record, topic, partition, .. } => {
                    let next = self.next.entry((producer, TopicPartition { topic, partition })).or_default();
                    self.places.insert(record, *next);
                    *next += 1;
                }
                Event::Append {
                    broker,
                    topic,
                    partition,
                    producer,
                    producer_id,
                    base_offset,
                    base_sequence,
                    ..
                } if base_sequence > 0 => {
                    let tp = TopicPartition { topic, partition };
                    if !has_earlier(look, (broker, tp), producer_id, base_offset) {
                        self.begun_late.insert((producer, tp));
                    }
                }
                _ => {}
            }
        }
    }

    fn end(&mut self, look: &Look<'_>, found: &mut Found) {
        for (tp, _) in look.controller.partitions() {
            let Some(leader) = look.final_leader(tp).filter(|_| look.story(tp).assumptions.hold()) else {
                continue;
            };
            let mut latest: BTreeMap<ProducerIx, (u32, RecordId)> = BTreeMap::new();
            let mut seen = BTreeSet::new();
            for stored in leader.it.log().batches() {
                let producer = stored.batch.batch.producer;
                let config = &look.scenario.producers[usize::from(producer.0)].config;
                let promised = config.enable_idempotence || config.max_in_flight == 1;
                let begun_late = self.begun_late.contains(&(producer, tp));
                if !promised || begun_late || !look.sends_once(producer) || !look.sequences_hold(producer) {
                    continue;
                }
                for index in stored.batch.records.iter() {
                    let record = RecordId { producer, index };
                    let told = look.ledger.line(record).map(|line| line.told);
                    // What was given up may still arrive late (broker.md 6.5, N*).
                    let counts = config.enable_idempotence || told == Some(Told::Acknowledged);
                    let Some(&place) = self.places.get(&record).filter(|_| counts && seen.insert(record))
                    else {
                        continue;
                    };
                    let &mut (last, after) = latest.entry(producer).or_insert((place, record));
                    if place < last {
                        let seen = format!(
                            "{} stands behind {}",
                            look.names.record(record),
                            look.names.record(after)
                        );
                        found.report(
                            look,
                            Invariant::V21,
                            leader.place(),
                            seen,
                            "the order in which they were sent",
                        );
                    }
                    latest.insert(producer, (place.max(last), record));
                }
            }
        }
    }
}

/// Whether a leader had a batch of this producer id in its log before it appended the one at this offset.
fn has_earlier(
    look: &Look<'_>,
    (broker, tp): (BrokerId, TopicPartition),
    producer_id: i64,
    offset: i64,
) -> bool {
    let Some(replica) = look.running(broker, tp) else { return false };
    let mut earlier = replica.it.log().batches().rev().skip_while(|stored| stored.base_offset >= offset);
    earlier.any(|stored| stored.batch.producer_id == producer_id)
}
