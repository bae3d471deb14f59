//! V22: what acks=1 acknowledged and is lost was appended by a leader, and some later leader began without it: nothing gets
//! lost in another way.

use std::collections::BTreeMap;

use super::history::{Key, Known};
use super::look::{Look, Replica, records_of};
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::{RecordId, TopicPartition};
use crate::trace::Event;
use crate::verdict::Told;

/// Each partition's new leaders: epoch, and the last batch that they began with.
#[derive(Default)]
pub(super) struct AcksOne {
    begun: BTreeMap<TopicPartition, Vec<(i32, Option<Key>)>>,
}

impl Checker for AcksOne {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, _: &mut Found) {
        for (_, event) in step.events {
            if let Event::RoleChanged { broker, topic, partition, leader, leader_epoch, log_end_offset } =
                *event
                && leader.0 == Some(broker)
                && let Some(replica) = look.running(broker, TopicPartition { topic, partition })
            {
                let last = replica.it.log().batches_from(log_end_offset - 1).next().map(Key::of);
                self.begun.entry(replica.tp).or_default().push((leader_epoch, last));
            }
        }
    }

    fn end(&mut self, look: &Look<'_>, found: &mut Found) {
        let mut logs = BTreeMap::new();
        for line in look.ledger.lines().filter(|line| line.told == Told::Acknowledged) {
            let producer = &look.scenario.producers[usize::from(line.record.producer.0)];
            let Some(tp) = line.tp().filter(|_| producer.config.acks == 1) else { continue };
            let Some(leader) = look.final_leader(tp).filter(|_| look.story(tp).assumptions.hold()) else {
                continue;
            };
            let retired = (0..leader.it.log().start_offset()).contains(&line.offset);
            let log = logs.entry(tp).or_insert_with(|| records_of(&leader));
            if !retired && !log.contains_key(&line.record) {
                self.lost(look, &leader, line.record, line.offset, found);
            }
        }
    }
}

impl AcksOne {
    fn lost(&self, look: &Look<'_>, leader: &Replica<'_>, record: RecordId, offset: i64, found: &mut Found) {
        let story = look.story(leader.tp);
        let begun = self.begun.get(&leader.tp).map_or(&[][..], Vec::as_slice);
        let holds = |(key, known): &(&Key, &Known)| {
            let records = &known.batch.records;
            known.batch.batch.producer == record.producer
                && key.base_offset + i64::from(records.len()) > offset
                && records.iter().any(|index| index == record.index)
        };
        let upto = Key { base_offset: offset, leader_epoch: i32::MAX };
        let copies: Vec<Key> = story.batches.range(..=upto).filter(holds).map(|(&key, _)| key).collect();
        let dropped = |key: &Key| {
            begun.iter().any(|&(epoch, last)| epoch > key.leader_epoch && !story.precedes(*key, last))
        };
        if copies.is_empty() || !copies.iter().any(dropped) {
            let why =
                if copies.is_empty() { "no replica ever had it" } else { "every later leader began with it" };
            let seen = format!(
                "{}, acknowledged at offset {offset}, is lost, though {why}",
                look.names.record(record)
            );
            found.report(
                look,
                Invariant::V22,
                leader.place(),
                seen,
                "only what a new leader had not fetched to be lost",
            );
        }
    }
}
