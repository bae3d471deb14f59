//! What a broker does with the controller's word: it leads, it follows, it knows (`broker.md F12`; Kafka's
//! `ReplicaManager.applyDelta`).

use std::sync::Arc;

use super::Broker;
use super::metadata::{BrokerRegistration, PartitionRegistration};
use super::partition::{Following, RoleState};
use crate::mutant::Mutant;
use crate::protocol::MetadataUpdate;
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::scenario::{Acting, Topic};
use crate::trace::{Cx, Event, Observer, OrMinusOne, Seq};

impl Broker {
    /// Applies one update.
    pub(super) fn apply<O: Observer>(&mut self, cx: &mut Cx<'_, O>, update: &MetadataUpdate, cause: Seq) {
        self.lifecycle.applied(update.offset());
        match update {
            &MetadataUpdate::Broker { broker, broker_epoch, fenced, shutting_down, .. } => {
                let registration = BrokerRegistration { broker_epoch, fenced, shutting_down };
                self.image.set_broker(broker, registration);
                if broker == self.id {
                    self.lifecycle.seen_in_metadata(broker_epoch);
                } else {
                    self.look_without(cx, broker, cause);
                }
            }
            MetadataUpdate::Partition {
                tp, replicas, leader, leader_epoch, partition_epoch, isr, ..
            } => {
                let registration = PartitionRegistration {
                    replicas: replicas.clone(),
                    leader: *leader,
                    leader_epoch: *leader_epoch,
                    partition_epoch: *partition_epoch,
                    isr: isr.clone(),
                };
                self.image.set_partition(*tp, registration.clone());
                self.apply_partition(cx, *tp, &registration, cause);
            }
            &MetadataUpdate::Config { change, .. } => self.apply_config(change),
        }
    }

    /// New settings, of a topic or its own: they count from the next time that they are looked at (Kafka's
    /// `DynamicConfigPublisher`).
    fn apply_config(&mut self, change: u32) {
        match self.changes.get(change) {
            Some(Acting::Topic(topic, config)) => {
                if let Some(known) = self.topic_configs.get_mut(topic.0 as usize) {
                    *known = config.clone();
                }
            }
            Some(Acting::Broker(broker, config)) if *broker == self.id => {
                self.config = Arc::new(config.clone());
            }
            _ => {}
        }
    }

    /// Who is fenced no longer holds the high watermark back (`broker.md R12`). A real broker learns of the fencing and of the
    /// smaller ISR at once; here one comes after the other.
    fn look_without<O: Observer>(&mut self, cx: &mut Cx<'_, O>, broker: BrokerId, cause: Seq) {
        for ix in 0..self.partitions.len() as u32 {
            let leadership = self.partitions[ix as usize].leadership();
            if leadership.is_some_and(|leadership| leadership.follower(broker).is_some()) {
                self.advance_hw(cx, ix, cause);
            }
        }
    }

    fn apply_partition<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        tp: TopicPartition,
        registration: &PartitionRegistration,
        cause: Seq,
    ) {
        let hosted = registration.replicas.contains(&self.id);
        if !hosted && self.local(tp).is_none() {
            return;
        }
        let ix = self.local_or_new(tp);
        let partition = &mut self.partitions[ix as usize];
        let (old_leader, old_epoch) = (partition.leader(), partition.leader_epoch());
        let led = partition.leadership().is_some();
        // broker.md R24: an older word, or one known already, says nothing.
        if !partition.learn(registration) {
            return;
        }
        let new_epoch = registration.leader_epoch > old_epoch;
        let leads = registration.leader == Some(self.id);
        if leads {
            if led && registration.leader_epoch > old_epoch + 1 {
                self.forget_followers(ix, cause);
            }
            self.lead(cx, ix, new_epoch, old_leader.filter(|_| !led), cause);
        } else {
            self.follow(cx, ix, new_epoch, old_leader.filter(|_| !led), cause);
        }
    }

    /// Takes or keeps the leadership (`broker.md R28`).
    fn lead<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ix: u32,
        new_epoch: bool,
        followed: Option<BrokerId>,
        cause: Seq,
    ) {
        if let Some(leader) = followed {
            self.stop_fetching(ix, leader, cause);
        }
        self.partitions[ix as usize].become_leader(self.id, new_epoch, cx.now);
        if new_epoch && self.config.broken.is(Mutant::FollowersAssumed) {
            let end = self.partitions[ix as usize].log.end_offset();
            let leadership = self.partitions[ix as usize].leadership_mut();
            leadership.into_iter().flat_map(|it| &mut it.followers).for_each(|it| it.end_offset = end);
        }
        if new_epoch && self.config.broken.is(Mutant::ProducersForgotten) {
            self.partitions[ix as usize].producers.clear();
        }
        let cause = if new_epoch { self.report_role(cx, ix, cause) } else { cause };
        self.isr_changed(cx, ix, cause);
    }

    /// A leader that finds itself leader again, but has missed an epoch, which may have been another's: what it knows of its
    /// followers counts no more, as if it had followed in between (`broker.md R13`).
    fn forget_followers(&mut self, ix: u32, cause: Seq) {
        self.note_demotion(ix, cause);
        self.partitions[ix as usize].role = RoleState::Follower(Following::default());
    }

    /// Follows, or goes on following. Only a new leader epoch restarts the fetch (`broker.md R35`). A leader that is one no
    /// longer answers whoever waits for it (F12).
    fn follow<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ix: u32,
        new_epoch: bool,
        followed: Option<BrokerId>,
        cause: Seq,
    ) {
        let partition = &self.partitions[ix as usize];
        let led = partition.leadership().is_some();
        // Who is about to end goes on following only where it is still in the ISR.
        let leaves = self.lifecycle.is_shutting_down() && !partition.isr().contains(&self.id);
        if !new_epoch && !led {
            if let Some(leader) = followed.filter(|_| leaves) {
                self.stop_fetching(ix, leader, cause);
            }
            return;
        }
        let cause = self.report_role(cx, ix, cause);
        if led {
            self.note_demotion(ix, cause);
            self.partitions[ix as usize].role = RoleState::Follower(Following::default());
            self.fail_produce(ix, cause);
        }
        self.wake_consumers(ix, cause);
        if self.config.broken.is(Mutant::TruncateToHw) {
            self.truncate(cx, ix, self.partitions[ix as usize].high_watermark(), cause);
        }
        let leader = self.partitions[ix as usize].leader().filter(|_| !leaves);
        match (followed, leader) {
            (Some(before), Some(now)) if before == now => self.restart_fetching(cx, ix, now, cause),
            (before, now) => {
                if let Some(before) = before {
                    self.stop_fetching(ix, before, cause);
                }
                if let Some(now) = now {
                    self.start_fetching(cx, ix, now, cause);
                }
            }
        }
    }

    fn report_role<O: Observer>(&self, cx: &mut Cx<'_, O>, ix: u32, cause: Seq) -> Seq {
        let partition = &self.partitions[ix as usize];
        let (tp, log_end_offset) = (partition.tp(), partition.log.end_offset());
        let (leader, leader_epoch) = (OrMinusOne(partition.leader()), partition.leader_epoch());
        cx.emit(cause, || Event::RoleChanged {
            broker: self.id,
            topic: tp.topic,
            partition: tp.partition,
            leader,
            leader_epoch,
            log_end_offset,
        })
    }

    /// What every broker knows at t=0, and the roles that follow from it: no event, it has been so for long.
    pub(super) fn warm_roles<O: Observer>(&mut self, cx: &Cx<'_, O>, topics: &[Topic]) {
        let registered = BrokerRegistration { broker_epoch: 0, fenced: false, shutting_down: false };
        for broker in 0..self.brokers {
            self.image.set_broker(BrokerId(broker), registered);
        }
        let partitions = topics.iter().zip(0..).flat_map(|(topic, at)| {
            let tp = move |partition| TopicPartition { topic: TopicIx(at), partition };
            topic.assignment.iter().zip((0..).map(tp))
        });
        for (replicas, tp) in partitions {
            let registration = PartitionRegistration {
                leader: replicas.first().copied(),
                leader_epoch: 0,
                partition_epoch: 0,
                isr: replicas.as_slice().into(),
                replicas: replicas.as_slice().into(),
            };
            self.image.set_partition(tp, registration.clone());
            if replicas.contains(&self.id) {
                self.warm_replica(cx, tp, &registration);
            }
        }
    }

    fn warm_replica<O: Observer>(
        &mut self,
        cx: &Cx<'_, O>,
        tp: TopicPartition,
        registration: &PartitionRegistration,
    ) {
        let ix = self.local_or_new(tp);
        let partition = &mut self.partitions[ix as usize];
        partition.learn(registration);
        if registration.leader == Some(self.id) {
            partition.become_leader(self.id, true, cx.now);
        } else if let Some(leader) = registration.leader {
            self.start_fetching(cx, ix, leader, Seq::OUTSIDE);
        }
    }

    /// The process is gone: so are its roles.
    pub(super) fn forget_roles(&mut self) {
        for partition in &mut self.partitions {
            partition.forget_role();
        }
        self.fetchers.clear();
    }
}
