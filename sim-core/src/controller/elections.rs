//! Leaders and ISRs: which event meets which partition (Kafka's `ReplicationControlManager`).

use std::sync::Arc;

use super::partition::{PartitionEvent, Rules};
use super::{AdminError, Controller, Partition, PartitionState};
use crate::mutant::Mutant;
use crate::protocol::{AlterPartitionRequest, AlterPartitionResponse, ErrorCode};
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::time::Time;
use crate::trace::{Cx, Event, Observer, OrMinusOne, Seq};

impl Controller {
    /// An event that may concern any partition meets them all, ascending. `absent` is not told: it is about to be told
    /// everything.
    pub(super) fn change_partitions<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        event: PartitionEvent<'_>,
        absent: Option<BrokerId>,
        cause: Seq,
    ) {
        for topic in 0..self.topics.len() {
            for partition in 0..self.topics[topic].partitions.len() {
                let tp = TopicPartition { topic: TopicIx(topic as u16), partition: partition as u32 };
                self.change(cx, tp, event, absent, cause);
            }
        }
    }

    /// An event meets a partition. Nothing may come of it.
    pub(super) fn change<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        tp: TopicPartition,
        event: PartitionEvent<'_>,
        absent: Option<BrokerId>,
        cause: Seq,
    ) {
        let Some(old) = self.partition(tp) else { return };
        let Some(new) = old.after(event, |broker| self.is_active(broker), self.rules(tp.topic)) else {
            return;
        };
        let decided = cx.emit(cause, || decision(tp, old, &new, event.word()));
        let forced = new.recovering && matches!(event, PartitionEvent::ForcedUncleanly(_));
        let offset = self.next_offset();
        let partition = &mut self.topics[tp.topic.0 as usize].partitions[tp.partition as usize];
        *partition = Partition { state: new, changed_at: offset, forced: partition.forced || forced };
        self.tell_of_partition(cx.now, tp, absent, decided);
    }

    fn rules(&self, topic: TopicIx) -> Rules {
        let config = &self.topics[topic.0 as usize].config;
        Rules {
            release: self.release,
            elr: self.elr,
            unclean: config.unclean_leader_election,
            min_isr: config.min_insync_replicas as usize,
            broken: self.broken,
        }
    }

    /// `broker.md F8`: where a topic has come to allow unclean elections, what has no leader gets one.
    pub(super) fn elect_uncleanly<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        self.change_partitions(cx, PartitionEvent::UncleanSweep, None, Seq::OUTSIDE);
    }

    /// `broker.md F9`: every partition whose preferred replica may lead gets it as leader.
    pub(super) fn balance_leaders<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        self.change_partitions(cx, PartitionEvent::Preferred, None, Seq::OUTSIDE);
    }

    /// `broker.md F8`: an unclean election by hand: of this replica, or of any that lives where there is no leader.
    pub(super) fn force_uncleanly<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        tp: TopicPartition,
        wanted: Option<BrokerId>,
        cause: Seq,
    ) -> Result<(), AdminError> {
        let partition = self.partition(tp).ok_or(AdminError::UnknownPartition)?;
        match (partition.leader, wanted) {
            (Some(leader), None) => return Err(AdminError::ElectionNotNeeded(leader)),
            (Some(leader), Some(wanted)) if leader == wanted => {
                return Err(AdminError::ElectionNotNeeded(leader));
            }
            (_, Some(wanted)) if !partition.replicas.contains(&wanted) => {
                return Err(AdminError::NotAReplica(wanted));
            }
            (_, Some(wanted)) if !self.is_active(wanted) => return Err(AdminError::NotActive(wanted)),
            (None, None) if !partition.replicas.iter().any(|&replica| self.is_active(replica)) => {
                return Err(AdminError::NobodyActive);
            }
            _ => {}
        }
        self.change(cx, tp, PartitionEvent::ForcedUncleanly(wanted), None, cause);
        Ok(())
    }

    /// Moves a leader at once: to this replica, or to the preferred one.
    pub(super) fn elect<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        tp: TopicPartition,
        leader: Option<BrokerId>,
        cause: Seq,
    ) -> Result<(), AdminError> {
        let partition = self.partition(tp).ok_or(AdminError::UnknownPartition)?;
        let wanted = leader.or(partition.preferred()).ok_or(AdminError::UnknownPartition)?;
        if partition.leader == Some(wanted) {
            return Err(AdminError::ElectionNotNeeded(wanted));
        }
        if !partition.isr.contains(&wanted) {
            return Err(AdminError::NotInSync(wanted));
        }
        if !self.is_active(wanted) {
            return Err(AdminError::NotActive(wanted));
        }
        let event = leader.map_or(PartitionEvent::Preferred, PartitionEvent::Forced);
        self.change(cx, tp, event, None, cause);
        Ok(())
    }

    /// A leader proposes an ISR (`broker.md R24`).
    pub(super) fn alter_partition<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        request: &AlterPartitionRequest,
        cause: Seq,
    ) -> AlterPartitionResponse {
        let tp = request.tp;
        if let Err(error) = self.validate_alter_partition(request) {
            return AlterPartitionResponse { tp, error, ..AlterPartitionResponse::default() };
        }
        let isr: Vec<BrokerId> = request.isr.iter().map(|&(broker, _)| broker).collect();
        self.change(cx, tp, PartitionEvent::IsrProposed(&isr), None, cause);
        self.partition(tp).map_or_else(AlterPartitionResponse::default, |state| AlterPartitionResponse {
            tp,
            error: ErrorCode::None,
            leader: state.leader,
            leader_epoch: state.leader_epoch,
            partition_epoch: state.partition_epoch,
            isr: state.isr.to_vec(),
        })
    }

    /// The checks of `broker.md R24`, in its order.
    fn validate_alter_partition(&self, request: &AlterPartitionRequest) -> Result<(), ErrorCode> {
        if self.broker(request.broker).is_none_or(|known| known.broker_epoch != request.broker_epoch) {
            return Err(ErrorCode::StaleBrokerEpoch);
        }
        let partition = self.partition(request.tp).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let proposes = |broker: BrokerId| request.isr.iter().any(|&(member, _)| member == broker);
        if request.leader_epoch > partition.leader_epoch
            || request.partition_epoch > partition.partition_epoch
        {
            Err(ErrorCode::NotController)
        } else if request.leader_epoch < partition.leader_epoch {
            Err(ErrorCode::FencedLeaderEpoch)
        } else if partition.leader != Some(request.broker) {
            Err(ErrorCode::InvalidRequest)
        } else if request.partition_epoch < partition.partition_epoch
            && !self.broken.is(Mutant::PartitionEpochUnchecked)
        {
            Err(ErrorCode::InvalidUpdateVersion)
        } else if !proposes(request.broker)
            || request.isr.iter().any(|(member, _)| !partition.replicas.contains(member))
        {
            Err(ErrorCode::InvalidRequest)
        } else if request.isr.iter().any(|&(member, epoch)| !self.is_eligible(member, epoch)) {
            Err(ErrorCode::IneligibleReplica)
        } else {
            Ok(())
        }
    }

    /// Whether a broker may be in an ISR: not if it is fenced or shutting down (3.3+, KIP-841), nor if it has registered anew since the
    /// leader saw it (3.5+, KIP-903; -1: the leader does not know).
    fn is_eligible(&self, broker: BrokerId, broker_epoch: i64) -> bool {
        let Some(registration) = self.broker(broker) else { return !self.release.at_least(3, 3) };
        let leaving = self.release.at_least(3, 3) && (registration.fenced || registration.shutting_down);
        let checks = self.release.at_least(3, 5) && !self.broken.is(Mutant::BrokerEpochUnchecked);
        let rebooted = checks && broker_epoch != -1 && broker_epoch != registration.broker_epoch;
        !leaving && !rebooted
    }

    /// More partitions for a topic, their replicas continuing the pattern of the ones before: each is one broker
    /// further on. Their leader is the first replica that is alive, their ISR all that are.
    pub(super) fn add_partitions(
        &mut self,
        now: Time,
        topic: TopicIx,
        to: u32,
        cause: Seq,
    ) -> Result<(), AdminError> {
        let brokers = self.registrations.len() as u32;
        let known = self.topics.get(topic.0 as usize).filter(|known| !known.partitions.is_empty());
        let known = known.ok_or(AdminError::UnknownTopic)?;
        let has = known.partitions.len() as u32;
        if to <= has {
            return Err(AdminError::NotMorePartitions { has, asked: to });
        }
        let mut assignment = known.assignment.clone();
        let mut added = Vec::new();
        for partition in has..to {
            let last = assignment.last().map_or(&[][..], |replicas| replicas);
            let replicas: Arc<[BrokerId]> = last.iter().map(|b| BrokerId((b.0 + 1) % brokers)).collect();
            let isr: Arc<[BrokerId]> = replicas.iter().copied().filter(|&b| self.is_active(b)).collect();
            if isr.is_empty() {
                return Err(AdminError::NoLiveReplica(partition));
            }
            added.push(PartitionState::created(replicas.clone(), isr));
            assignment.push(replicas);
        }
        self.topics[topic.0 as usize].assignment = assignment;
        for state in added {
            self.create_partition(now, topic, state, cause);
        }
        Ok(())
    }

    /// Creates the topics that wait for nothing but brokers, and now have them.
    pub(super) fn create_planned_topics(&mut self, now: Time, cause: Seq) {
        for topic in 0..self.topics.len() {
            let planned = &self.topics[topic];
            let mut replicas = planned.assignment.iter().flat_map(|replicas| replicas.iter());
            if !planned.partitions.is_empty() || !replicas.all(|&broker| self.is_active(broker)) {
                continue;
            }
            for replicas in planned.assignment.clone() {
                let state = PartitionState::created(replicas.clone(), replicas);
                self.create_partition(now, TopicIx(topic as u16), state, cause);
            }
        }
    }

    fn create_partition(&mut self, now: Time, topic: TopicIx, state: PartitionState, cause: Seq) {
        let changed_at = self.next_offset();
        let partitions = &mut self.topics[topic.0 as usize].partitions;
        let tp = TopicPartition { topic, partition: partitions.len() as u32 };
        partitions.push(Partition { state, changed_at, forced: false });
        self.tell_of_partition(now, tp, None, cause);
    }
}

/// The one event of a change: of the leader if it changed, whatever else did.
fn decision(tp: TopicPartition, old: &PartitionState, new: &PartitionState, by: &'static str) -> Event {
    let TopicPartition { topic, partition } = tp;
    let leader = OrMinusOne(new.leader);
    let PartitionState { leader_epoch, partition_epoch, .. } = *new;
    let (isr, elr) = (new.isr.clone(), new.elr.clone());
    if new.leader != old.leader {
        let unclean = new.recovering;
        Event::LeaderChanged {
            topic,
            partition,
            leader,
            leader_epoch,
            partition_epoch,
            isr,
            elr,
            unclean,
            by,
        }
    } else if old.isr.iter().any(|member| !new.isr.contains(member)) {
        Event::IsrShrunk { topic, partition, leader, leader_epoch, partition_epoch, isr, elr }
    } else if new.isr.len() > old.isr.len() {
        Event::IsrExpanded { topic, partition, leader, leader_epoch, partition_epoch, isr, elr }
    } else {
        Event::ElrChanged { topic, partition, leader, leader_epoch, partition_epoch, isr, elr }
    }
}
