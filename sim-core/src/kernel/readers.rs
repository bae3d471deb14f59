//! The consumers of a run: how they begin, and what they have seen in the end.

use std::collections::{BTreeMap, BTreeSet};

use super::run::{Due, Run};
use crate::consumer::{Consumer, KnownPartition, Read};
use crate::network::Endpoint;
use crate::record::{BrokerId, ConsumerIx, RecordId, StoredBatch, TopicPartition};
use crate::scenario::{Decode, ValueSpec};
use crate::serializer::customer::{Reading, reading};
use crate::trace::{Cx, Observer};
use crate::verdict::{ConsumerReads, Decoded, FinalLog};

impl<O: Observer> Run<O> {
    pub(super) fn with_consumer(
        &mut self,
        consumer: ConsumerIx,
        act: impl FnOnce(&mut Consumer, &mut Cx<'_, O>),
    ) {
        let mut cx = Cx { now: self.now, chance: &mut *self.chance, trace: &mut self.trace };
        let at = &mut self.consumers[usize::from(consumer.0)];
        act(at, &mut cx);
        let mut timers = std::mem::take(&mut self.scratch.consumer_timers);
        let mut actions = std::mem::take(&mut self.scratch.actions);
        at.take_timers(&mut timers);
        at.take_actions(&mut actions);
        self.apply_fired();
        for (when, timer) in timers.drain(..) {
            self.queue.push_system(when, Due::Consumer(consumer, timer));
        }
        for action in actions.drain(..) {
            self.client_action(Endpoint::Consumer(consumer), action);
        }
        self.scratch.consumer_timers = timers;
        self.scratch.actions = actions;
    }

    /// A consumer begins: its connections are up, it knows leaders and, where they can say them, positions as of this instant.
    /// If its topics have yet to be created, it begins when they are.
    pub(super) fn consumer_starts(&mut self, consumer: ConsumerIx) {
        let partitions = &self.scenario.consumers[usize::from(consumer.0)].partitions;
        if partitions.iter().any(|tp| self.controller.partition_count(tp.topic) == 0) {
            self.waiting_consumers.push(consumer);
            return;
        }
        let up: Vec<BrokerId> = (0..self.brokers.len() as u32)
            .map(BrokerId)
            .filter(|broker| self.processes[broker.0 as usize].up)
            .collect();
        for &broker in &up {
            self.network.warm(Endpoint::Consumer(consumer), Endpoint::Broker(broker), &mut *self.chance);
        }
        let release = self.scenario.cluster.config.release;
        let settings = &self.scenario.consumers[usize::from(consumer.0)];
        let partitions: Vec<KnownPartition> = settings
            .partitions
            .iter()
            .filter_map(|&tp| {
                let state = self.controller.partition(tp)?;
                let replica = state.leader.and_then(|leader| self.brokers[leader.0 as usize].partition(tp));
                Some(KnownPartition {
                    tp,
                    leader: state.leader,
                    leader_epoch: state.leader_epoch,
                    earliest: state.leader.map(|_| replica.map_or(0, |replica| replica.log().start_offset())),
                    latest: state.leader.and_then(|_| match replica {
                        Some(replica) => replica.latest_offset(release),
                        None => Some(0),
                    }),
                })
            })
            .collect();
        self.with_consumer(consumer, |consumer, cx| consumer.start(cx, &up, &partitions));
    }

    /// What a consumer has seen, what of it these logs do not hold, and how the values came out that it decodes.
    pub(super) fn reads(&self, at: usize, logs: &[FinalLog]) -> ConsumerReads {
        let consumer = &self.consumers[at];
        let mut decoded = Decoded::default();
        let mut read = Vec::new();
        for (_, record, content) in consumer.reads().iter().flat_map(Read::records) {
            read.push(record);
            if let Some(expected) = self.scenario.consumers[at].decode {
                let bytes = content.and_then(|content| content.value.as_deref()).unwrap_or_default();
                match reading(bytes, self.written_layout(record), expected) {
                    Reading::Right => decoded.right += 1,
                    Reading::Wrong => decoded.wrong += 1,
                    Reading::Failed => decoded.failed += 1,
                }
            }
        }
        ConsumerReads { read, gone: gone(consumer.reads(), logs), lag: self.lag(consumer), decoded }
    }

    /// The layout in which a record's value was written, if it is a customer.
    fn written_layout(&self, record: RecordId) -> Option<Decode> {
        let producer = usize::from(record.producer.0);
        let stream = self.clients[producer].stream_of(record.index);
        match self.scenario.producers[producer].sends.get(stream)?.value {
            ValueSpec::Customer { layout, .. } => Some(layout),
            _ => None,
        }
    }

    /// Records between a consumer's positions and the leaders' high watermarks (`broker.md C9`).
    fn lag(&self, consumer: &Consumer) -> i64 {
        consumer
            .positions()
            .filter_map(|(tp, position)| {
                let leader = self.controller.partition(tp)?.leader?;
                let replica = self.brokers[leader.0 as usize].partition(tp)?;
                Some((replica.high_watermark() - position).max(0))
            })
            .sum()
    }
}

/// Records that were read and that the log of their partition does not hold; nothing is said of what retention has deleted.
fn gone(reads: &[Read], logs: &[FinalLog]) -> Vec<RecordId> {
    let mut gone = Vec::new();
    let mut told = BTreeSet::new();
    let mut held: BTreeMap<TopicPartition, BTreeSet<RecordId>> = BTreeMap::new();
    for read in reads {
        let Some(log) = logs.iter().find(|log| log.tp == read.tp()) else { continue };
        if holds_batch(log, &read.stored) {
            continue;
        }
        let held = held.entry(log.tp).or_insert_with(|| log.batches.iter().flat_map(records_of).collect());
        for (offset, record, _) in read.records() {
            if offset >= log.log_start_offset && !held.contains(&record) && told.insert(record) {
                gone.push(record);
            }
        }
    }
    gone
}

/// Whether a batch stands in a log where it was read: so it is nearly always.
fn holds_batch(log: &FinalLog, stored: &StoredBatch) -> bool {
    let at = log.batches.binary_search_by_key(&stored.base_offset, |batch| batch.base_offset);
    at.is_ok_and(|at| log.batches[at].batch.batch == stored.batch.batch)
}

fn records_of(stored: &StoredBatch) -> impl Iterator<Item = RecordId> {
    let producer = stored.batch.batch.producer;
    stored.batch.records.iter().map(move |index| RecordId { producer, index })
}
