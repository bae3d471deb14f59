//! V21: with idempotence, or with one request in flight, the first copies of a partition's records stand in the order in
//! which they were put into batches; those of one producer epoch with idempotence.

use std::collections::{BTreeMap, BTreeSet};

use super::look::Look;
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::{ProducerIx, RecordId, TopicPartition};
use crate::trace::Event;
use crate::verdict::Told;

/// The place of each record among those of its producer and partition.
#[derive(Default)]
pub(super) struct SendOrder {
    places: BTreeMap<RecordId, u32>,
    next: BTreeMap<(ProducerIx, TopicPartition), u32>,
}

impl Checker for SendOrder {
    fn step(&mut self, _: &Look<'_>, step: &Step<'_>, _: &mut Found) {
        for (_, event) in step.events {
            if let Event::Accumulated { producer, record, topic, partition, .. } = *event {
                let next = self.next.entry((producer, TopicPartition { topic, partition })).or_default();
                self.places.insert(record, *next);
                *next += 1;
            }
        }
    }

    fn end(&mut self, look: &Look<'_>, found: &mut Found) {
        for (tp, _) in look.controller.partitions() {
            let Some(leader) = look.final_leader(tp).filter(|_| look.story(tp).assumptions.hold()) else {
                continue;
            };
            // By producer id and epoch too: what an unknown producer's later batch has passed over (broker.md 2.2) is numbered
            // anew, and comes in behind it.
            let mut latest: BTreeMap<(ProducerIx, i64, i16), (u32, RecordId)> = BTreeMap::new();
            let mut seen = BTreeSet::new();
            for stored in leader.it.log().batches() {
                let producer = stored.batch.batch.producer;
                let config = &look.scenario.producers[usize::from(producer.0)].config;
                let promised = config.enable_idempotence || config.max_in_flight == 1;
                if !promised || !look.sends_once(producer) || !look.sequences_hold(producer) {
                    continue;
                }
                let identity = (producer, stored.batch.producer_id, stored.batch.producer_epoch);
                for (index, offset) in stored.batch.records.iter().zip(stored.base_offset..) {
                    let record = RecordId { producer, index };
                    let told = look.ledger.line(record).filter(|line| line.told == Told::Acknowledged);
                    // What was given up may still arrive late (broker.md 6.5, N*); with acks=1 also behind the next records, when
                    // the copy that was acknowledged is lost with its leader (V22).
                    let counts = config.enable_idempotence
                        || told.is_some_and(|line| config.acks != 1 || line.offset == offset);
                    let Some(&place) = self.places.get(&record).filter(|_| counts && seen.insert(record))
                    else {
                        continue;
                    };
                    let &mut (last, after) = latest.entry(identity).or_insert((place, record));
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
                    latest.insert(identity, (place.max(last), record));
                }
            }
        }
    }
}
