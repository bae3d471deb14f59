//! A partition as the controller records it, and the one place that decides how an event changes it.

use std::sync::Arc;

use crate::config::Release;
use crate::record::BrokerId;

/// What the controller has recorded of a partition (Kafka's `PartitionRegistration`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionState {
    /// Its replicas, the preferred leader first.
    pub replicas: Arc<[BrokerId]>,
    /// The in-sync replicas.
    pub isr: Arc<[BrokerId]>,
    /// Eligible leader replicas; none as long as the feature is off (`broker.md 4.6`).
    pub elr: Arc<[BrokerId]>,
    /// The leader, if it has one.
    pub leader: Option<BrokerId>,
    /// Goes up when the leader changes.
    pub leader_epoch: i32,
    /// Goes up with every change.
    pub partition_epoch: i32,
}

/// What makes the controller look at a partition again.
#[derive(Clone, Copy, Debug)]
pub(super) enum PartitionEvent<'a> {
    /// A broker is no longer active: fenced, or registered anew. It leaves the ISR.
    BrokerLeft(BrokerId),
    /// A broker is active again: what has no leader may find one.
    BrokerReturned,
    /// The leader proposes this ISR, already validated.
    IsrProposed(&'a [BrokerId]),
    /// The preferred replica is to lead.
    Preferred,
    /// This replica is to lead.
    Forced(BrokerId),
}

impl PartitionEvent<'_> {
    /// Why the leader changed, as `leader-changed` says it.
    pub(super) fn word(self) -> &'static str {
        match self {
            PartitionEvent::BrokerLeft(_) | PartitionEvent::IsrProposed(_) => "fenced",
            PartitionEvent::BrokerReturned => "unfenced",
            PartitionEvent::Preferred => "preferred",
            PartitionEvent::Forced(_) => "forced",
        }
    }
}

impl PartitionState {
    /// A partition just created: the first member of the ISR leads.
    pub(super) fn created(replicas: Arc<[BrokerId]>, isr: Arc<[BrokerId]>) -> PartitionState {
        let leader = isr.first().copied();
        PartitionState { replicas, isr, elr: Arc::new([]), leader, leader_epoch: 0, partition_epoch: 0 }
    }

    /// The partition after this event, or nothing if it stays as it is (Kafka's `PartitionChangeBuilder`). `active`
    /// says which brokers are registered and not fenced, the event included.
    pub(super) fn after(
        &self,
        event: PartitionEvent<'_>,
        active: impl Fn(BrokerId) -> bool,
        release: Release,
    ) -> Option<PartitionState> {
        if matches!(event, PartitionEvent::BrokerReturned) && self.leader.is_some() {
            return None;
        }
        let target = self.target_isr(event);
        let leader = self.elect(event, |broker| target.contains(&broker) && active(broker));
        // broker.md R26: the last member stays in the ISR, though it leads no longer.
        let isr = if target.is_empty() || *target == *self.isr { self.isr.clone() } else { target.into() };
        if leader == self.leader && isr == self.isr {
            return None;
        }
        let shrunk = self.isr.iter().any(|member| !isr.contains(member));
        let new_epoch = leader != self.leader || (shrunk && !release.at_least(3, 6));
        Some(PartitionState {
            replicas: self.replicas.clone(),
            isr,
            elr: self.elr.clone(),
            leader,
            leader_epoch: self.leader_epoch + i32::from(new_epoch),
            partition_epoch: self.partition_epoch + 1,
        })
    }

    fn target_isr(&self, event: PartitionEvent<'_>) -> Vec<BrokerId> {
        match event {
            PartitionEvent::BrokerLeft(broker) => {
                self.isr.iter().copied().filter(|&member| member != broker).collect()
            }
            PartitionEvent::IsrProposed(isr) => isr.to_vec(),
            _ => self.isr.to_vec(),
        }
    }

    /// The leader after this event (`broker.md F7`): who leads goes on if it may, unless another one is wanted.
    fn elect(&self, event: PartitionEvent<'_>, valid: impl Fn(BrokerId) -> bool) -> Option<BrokerId> {
        let wanted = match event {
            PartitionEvent::Preferred => self.preferred(),
            PartitionEvent::Forced(broker) => Some(broker),
            _ => None,
        };
        let candidates = wanted.into_iter().chain(self.leader).chain(self.replicas.iter().copied());
        candidates.into_iter().find(|&broker| valid(broker))
    }

    /// The first of its replicas (`broker.md F9`).
    pub fn preferred(&self) -> Option<BrokerId> {
        self.replicas.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWEST: Release = Release::NEWEST;

    fn brokers(ids: &[u32]) -> Arc<[BrokerId]> {
        ids.iter().map(|&id| BrokerId(id)).collect()
    }

    /// Replicas 0, 1, 2 and this ISR, led by the first of it.
    fn partition(isr: &[u32]) -> PartitionState {
        PartitionState::created(brokers(&[0, 1, 2]), brokers(isr))
    }

    fn left(partition: &PartitionState, broker: u32, active: &[u32]) -> Option<PartitionState> {
        let event = PartitionEvent::BrokerLeft(BrokerId(broker));
        partition.after(event, |b| active.contains(&b.0), NEWEST)
    }

    /// `broker.md F7`: the current leader stays if it is still valid, though an earlier replica could lead.
    #[test]
    fn f7_a_valid_leader_stays() {
        let led_by_1 = PartitionState { leader: Some(BrokerId(1)), ..partition(&[0, 1, 2]) };
        let next = left(&led_by_1, 2, &[0, 1]).expect("the ISR shrinks");
        assert_eq!((next.leader, next.leader_epoch, next.partition_epoch), (Some(BrokerId(1)), 0, 1));
        assert_eq!(next.isr, brokers(&[0, 1]));
    }

    /// `broker.md F7`: else the first replica in the order of the assignment, not of the ISR, that is active and in
    /// the ISR.
    #[test]
    fn f7_the_first_active_replica_in_the_isr_leads() {
        let state = PartitionState {
            replicas: brokers(&[2, 0, 1]),
            isr: brokers(&[1, 0, 2]),
            leader: Some(BrokerId(2)),
            ..partition(&[0])
        };
        assert_eq!(left(&state, 2, &[0, 1]).and_then(|next| next.leader), Some(BrokerId(0)));
        assert_eq!(left(&state, 2, &[1]).and_then(|next| next.leader), Some(BrokerId(1)));
    }

    /// `broker.md F7`: a replica outside the ISR never leads; without an active member there is no leader, and the
    /// leader epoch goes up all the same (R27).
    #[test]
    fn f7_without_an_active_member_there_is_no_leader() {
        let next = left(&partition(&[0, 1]), 0, &[2]).expect("it changes");
        assert_eq!((next.leader, next.leader_epoch, &next.isr), (None, 1, &brokers(&[1])));
    }

    /// `broker.md R26`: the last member of the ISR is kept.
    #[test]
    fn r26_the_last_member_stays_in_the_isr() {
        let next = left(&partition(&[0]), 0, &[1, 2]).expect("the leader goes");
        assert_eq!((next.leader, &next.isr, next.partition_epoch), (None, &brokers(&[0]), 1));
        assert_eq!(left(&next, 0, &[1, 2]), None, "nothing is left to change");
    }

    /// `broker.md 4.2`, unfence: only what has no leader looks for one; the ISR is left alone.
    #[test]
    fn a_returning_broker_leads_what_has_no_leader() {
        let orphan = PartitionState { leader: None, leader_epoch: 1, ..partition(&[0]) };
        let next = orphan.after(PartitionEvent::BrokerReturned, |b| b.0 == 0, NEWEST).expect("elected");
        assert_eq!((next.leader, next.leader_epoch, &next.isr), (Some(BrokerId(0)), 2, &brokers(&[0])));
        assert_eq!(orphan.after(PartitionEvent::BrokerReturned, |b| b.0 == 1, NEWEST), None);
        assert_eq!(partition(&[0, 1]).after(PartitionEvent::BrokerReturned, |_| true, NEWEST), None);
    }

    /// `broker.md R27`: the leader epoch goes up with an ISR shrink alone before 3.6, never with an expansion.
    #[test]
    fn r27_a_shrink_alone_bumps_the_leader_epoch_before_3_6() {
        let epochs = |isr: &[u32], proposal: &[u32], release| {
            let proposal = brokers(proposal);
            let event = PartitionEvent::IsrProposed(&proposal);
            let next = partition(isr).after(event, |_| true, release).expect("it changes");
            (next.leader_epoch, next.partition_epoch)
        };
        assert_eq!(epochs(&[0, 1, 2], &[0, 1], Release::new(3, 5)), (1, 1));
        assert_eq!(epochs(&[0, 1, 2], &[0, 1], Release::new(3, 6)), (0, 1));
        assert_eq!(epochs(&[0, 1], &[0, 1, 2], Release::new(3, 5)), (0, 1));
    }

    /// `broker.md F9`: the preferred replica is the first one; if it may not lead, who leads goes on.
    #[test]
    fn f9_the_preferred_replica_leads_if_it_may() {
        let led_by_1 = PartitionState { leader: Some(BrokerId(1)), ..partition(&[0, 1, 2]) };
        let elect = |state: &PartitionState, active: &[u32]| {
            state.after(PartitionEvent::Preferred, |b| active.contains(&b.0), NEWEST)
        };
        let next = elect(&led_by_1, &[0, 1, 2]).expect("moved");
        assert_eq!((next.leader, next.leader_epoch), (Some(BrokerId(0)), 1));
        assert_eq!(elect(&led_by_1, &[1, 2]), None, "it is not active");
        let out_of_sync = PartitionState { isr: brokers(&[1, 2]), ..led_by_1 };
        assert_eq!(elect(&out_of_sync, &[0, 1, 2]), None, "it is not in the ISR");
    }
}
