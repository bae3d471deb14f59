//! Who a consumer believes leads what, and when it asks again (`producer.md 4.11`, Kafka's `Metadata`).

use std::sync::Arc;

use super::Consumer;
use super::connections::{JITTER, Sent};
use super::partition::Wait;
use crate::backoff::ExponentialBackoff;
use crate::chance::{Chance, Stream};
use crate::config::ConsumerConfig;
use crate::protocol::{ClientAction, MetadataRequest, MetadataResponse, Request};
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::time::{Span, Time};
use crate::trace::{Cx, Event, Observer, OrMinusOne, Seq};

/// When metadata is asked for.
#[derive(Clone, Debug)]
pub(super) struct Metadata {
    max_age: Span,
    backoff: ExponentialBackoff,
    jitter: Stream,
    least_loaded: Stream,
    brokers: Vec<BrokerId>,
    /// Somebody wants it, and why.
    wanted: Option<Seq>,
    is_asked: bool,
    /// Not before.
    allowed_at: Time,
    expires_at: Time,
    /// Attempts in a row that brought nothing.
    failures: u32,
    /// Answers in a row that brought nothing new.
    equivalents: u32,
}

impl Metadata {
    pub(super) fn new(config: &ConsumerConfig, id: &str, chance: &mut dyn Chance) -> Metadata {
        let (base, max) = (config.retry_backoff_ms, config.retry_backoff_max_ms);
        Metadata {
            max_age: Span::from_millis(config.metadata_max_age_ms),
            backoff: ExponentialBackoff::new(base, 2, max, JITTER),
            jitter: chance.stream(format_args!("{id}/metadata-jitter")),
            least_loaded: chance.stream(format_args!("{id}/least-loaded")),
            brokers: Vec::new(),
            wanted: None,
            is_asked: false,
            allowed_at: Time::ZERO,
            expires_at: Time::NEVER,
            failures: 0,
            equivalents: 0,
        }
    }

    /// A full answer has just been taken in.
    pub(super) fn warm(&mut self, now: Time, brokers: &[BrokerId], chance: &mut dyn Chance) {
        self.brokers = brokers.to_vec();
        self.answered(now, true, chance);
    }

    /// Somebody wants it.
    pub(super) fn want(&mut self, cause: Seq) {
        self.wanted.get_or_insert(cause);
    }

    /// Whether this broker is part of the cluster, as far as is known.
    pub(super) fn has(&self, broker: BrokerId) -> bool {
        self.brokers.contains(&broker)
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.is_some()
    }

    /// The answer will not come.
    pub(super) fn failed(&mut self, now: Time, chance: &mut dyn Chance) {
        self.is_asked = false;
        self.failures += 1;
        self.back_off(now, chance);
    }

    fn answered(&mut self, now: Time, any_newer: bool, chance: &mut dyn Chance) {
        self.is_asked = false;
        self.wanted = None;
        self.failures = 0;
        self.equivalents = if any_newer { 0 } else { self.equivalents + 1 };
        self.expires_at = now + self.max_age;
        self.back_off(now, chance);
    }

    /// The next one may be asked for after a back-off by failed attempts, and one by answers that brought nothing new.
    fn back_off(&mut self, now: Time, chance: &mut dyn Chance) {
        let mut wait = self.backoff.delay(self.failures.saturating_sub(1), chance, self.jitter, true);
        if self.equivalents > 0 {
            wait = wait.max(self.backoff.delay(self.equivalents - 1, chance, self.jitter, true));
        }
        self.allowed_at = now + Span::from_millis(wait);
    }

    /// When it is due, unless an answer is awaited.
    pub(super) fn deadline(&self) -> Option<Time> {
        let due = if self.is_wanted() { self.allowed_at } else { self.expires_at.max(self.allowed_at) };
        (!self.is_asked).then_some(due)
    }
}

impl Consumer {
    /// Asks the least loaded broker for metadata if it is due, or connects to it.
    pub(super) fn ask_for_metadata<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        if self.metadata.deadline().is_none_or(|due| cx.now < due) || self.metadata.brokers.is_empty() {
            return;
        }
        let brokers = &self.metadata.brokers;
        let start = cx.chance.below(self.metadata.least_loaded, brokers.len() as u64) as usize;
        let Some(node) = self.connections.least_loaded(cx.now, brokers, start) else { return };
        let cause = self.metadata.wanted.unwrap_or(cause);
        if !self.connections.is_ready(node) {
            if self.connections.connect(cx.now, node, cx.chance).is_some() {
                self.actions.push(ClientAction::Connect { node, cause });
            }
            return;
        }
        let mut topics: Vec<TopicIx> = self.partitions.iter().map(|assigned| assigned.tp.topic).collect();
        topics.dedup();
        let request = Request::Metadata(MetadataRequest { topics: topics.into() });
        let correlation = self.connections.send(cx.now, node, Sent::Metadata, cause);
        self.metadata.is_asked = true;
        self.actions.push(ClientAction::Write { node, correlation, request, cause });
    }

    /// An answer: of each partition what is not older than what is known counts.
    pub(super) fn take_metadata<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        response: &Arc<MetadataResponse>,
        cause: Seq,
    ) {
        if response.brokers.is_empty() {
            self.metadata.failed(cx.now, cx.chance);
            return;
        }
        let mut any_newer = false;
        let mut any_error = false;
        for topic in &response.topics {
            any_error |= topic.error.refreshes_metadata();
            for partition in &topic.partitions {
                any_error |= partition.error.refreshes_metadata();
                let tp = TopicPartition { topic: topic.topic, partition: partition.partition };
                any_newer |= self.learn_leader(cx, tp, partition.leader, partition.leader_epoch, cause);
            }
        }
        self.metadata.brokers.clone_from(&response.brokers);
        self.metadata.answered(cx.now, any_newer, cx.chance);
        for assigned in &mut self.partitions {
            if assigned.wait == Wait::Metadata {
                assigned.wait = Wait::Nothing;
            }
            any_error |= assigned.leader.is_none();
        }
        if any_error {
            self.metadata.want(cause);
        }
    }

    /// Somebody says who leads; whether the epoch is a newer one.
    pub(super) fn learn_leader<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        tp: TopicPartition,
        leader: Option<BrokerId>,
        leader_epoch: i32,
        cause: Seq,
    ) -> bool {
        let Ok(at) = self.partitions.binary_search_by_key(&tp, |assigned| assigned.tp) else { return false };
        let assigned = &mut self.partitions[at];
        let newer = leader_epoch > assigned.leader_epoch;
        if assigned.led_by(leader, leader_epoch) {
            assigned.leader_changed(self.config.release.at_least(2, 3));
            let consumer = Some(self.ix);
            cx.emit(cause, || Event::LeaderLearned {
                producer: None,
                consumer,
                topic: tp.topic,
                partition: tp.partition,
                leader: OrMinusOne(leader),
                leader_epoch,
            });
        }
        newer
    }
}
