//! V20: a record of an idempotent producer stands once in the final log, or under as many producer epochs as it was
//! renumbered (`broker.md I15 d`).

use std::collections::BTreeSet;

use super::look::Look;
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::{RecordId, TopicPartition};
use crate::trace::Event;

/// Partitions where a broker has forgotten an idle producer (`broker.md I8`).
#[derive(Default)]
pub(super) struct Duplicates {
    forgotten: BTreeSet<TopicPartition>,
}

impl Checker for Duplicates {
    fn step(&mut self, _: &Look<'_>, step: &Step<'_>, _: &mut Found) {
        for (_, event) in step.events {
            if let Event::ProducerStateExpired { topic, partition, .. } = *event {
                self.forgotten.insert(TopicPartition { topic, partition });
            }
        }
    }

    fn end(&mut self, look: &Look<'_>, found: &mut Found) {
        for (tp, _) in look.controller.partitions().filter(|(tp, _)| !self.forgotten.contains(tp)) {
            let Some(leader) = look.final_leader(tp).filter(|_| look.story(tp).assumptions.hold()) else {
                continue;
            };
            let mut seen = BTreeSet::new();
            for stored in leader.it.log().batches() {
                let producer = stored.batch.batch.producer;
                let idempotent = look.scenario.producers[usize::from(producer.0)].config.enable_idempotence;
                if !idempotent || !look.sends_once(producer) || !look.sequences_hold(producer) {
                    continue;
                }
                for index in stored.batch.records.iter() {
                    let record = RecordId { producer, index };
                    if !seen.insert((record, stored.batch.producer_id, stored.batch.producer_epoch)) {
                        let seen = format!("{} stands there twice", look.names.record(record));
                        found.report(
                            look,
                            Invariant::V20,
                            leader.place(),
                            seen,
                            "one copy under one producer epoch",
                        );
                    }
                }
            }
        }
    }
}
