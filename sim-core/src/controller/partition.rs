//! A partition as the controller records it, and the one place that decides how an event changes it.

use std::sync::Arc;

use crate::config::Release;
use crate::mutant::{Broken, Mutant};
use crate::record::BrokerId;

/// What the controller has recorded of a partition (Kafka's `PartitionRegistration`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionState {
    /// Its replicas, the preferred leader first.
    pub replicas: Arc<[BrokerId]>,
    /// The in-sync replicas; never empty where eligible leader replicas are off.
    pub isr: Arc<[BrokerId]>,
    /// Eligible leader replicas, ascending; none where the feature is off (`broker.md 4.6`).
    pub elr: Arc<[BrokerId]>,
    /// The leader, if it has one.
    pub leader: Option<BrokerId>,
    /// Who led when the ISR became empty; none while there is a leader (`broker.md F7`).
    pub last_known_leader: Option<BrokerId>,
    /// The leader was not elected from ISR or ELR, and has not changed the ISR since (Kafka's leader recovery state
    /// `RECOVERING`).
    pub recovering: bool,
    /// Goes up when the leader changes.
    pub leader_epoch: i32,
    /// Goes up with every change.
    pub partition_epoch: i32,
}

/// What makes the controller look at a partition again.
#[derive(Clone, Copy, Debug)]
pub(super) enum PartitionEvent<'a> {
    /// A broker is fenced, or has registered anew. It leaves the ISR.
    BrokerLeft(BrokerId),
    /// A broker is about to end in order. It leaves the ISR.
    BrokerShutsDown(BrokerId),
    /// A broker has registered anew and cannot prove that its logs are whole. It leaves ISR and ELR (`broker.md F18`).
    BrokerRestarted(BrokerId),
    /// A broker is active again: what has no leader may find one.
    BrokerReturned,
    /// The leader proposes this ISR, already validated.
    IsrProposed(&'a [BrokerId]),
    /// The preferred replica is to lead.
    Preferred,
    /// This replica is to lead.
    Forced(BrokerId),
    /// This replica is to lead, or any that lives, whatever it may lack.
    ForcedUncleanly(Option<BrokerId>),
    /// The topic allows unclean elections by now: what has no leader may find one (`broker.md F8`).
    UncleanSweep,
    /// `min.insync.replicas` has changed: who is eligible by the old one is no more.
    MinIsrChanged,
}

impl PartitionEvent<'_> {
    /// Why the leader changed, as `leader-changed` says it.
    pub(super) fn word(self) -> &'static str {
        match self {
            PartitionEvent::BrokerLeft(_)
            | PartitionEvent::BrokerRestarted(_)
            | PartitionEvent::IsrProposed(_)
            | PartitionEvent::MinIsrChanged => "fenced",
            PartitionEvent::BrokerShutsDown(_) => "shutdown",
            PartitionEvent::BrokerReturned => "unfenced",
            PartitionEvent::Preferred => "preferred",
            PartitionEvent::Forced(_) | PartitionEvent::ForcedUncleanly(_) => "forced",
            PartitionEvent::UncleanSweep => "unclean-enabled",
        }
    }

    /// Whether a leader may come from outside ISR and ELR, given what the topic allows.
    fn may_be_unclean(self, topic_allows: bool) -> bool {
        match self {
            PartitionEvent::ForcedUncleanly(_) => true,
            PartitionEvent::IsrProposed(_)
            | PartitionEvent::Preferred
            | PartitionEvent::Forced(_)
            | PartitionEvent::MinIsrChanged => false,
            _ => topic_allows,
        }
    }
}

/// What decides beside the event: the release, and the settings of cluster and topic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) release: Release,
    /// Whether eligible leader replicas are kept.
    pub(super) elr: bool,
    /// `unclean.leader.election.enable`.
    pub(super) unclean: bool,
    /// `min.insync.replicas`.
    pub(super) min_isr: usize,
    pub(super) broken: Broken,
}

impl PartitionState {
    /// A partition just created: the first member of the ISR leads.
    pub(super) fn created(replicas: Arc<[BrokerId]>, isr: Arc<[BrokerId]>) -> PartitionState {
        PartitionState {
            replicas,
            elr: Arc::new([]),
            leader: isr.first().copied(),
            isr,
            last_known_leader: None,
            recovering: false,
            leader_epoch: 0,
            partition_epoch: 0,
        }
    }

    /// The partition after this event, or nothing if it stays as it is (Kafka's `PartitionChangeBuilder`). `active`
    /// says which brokers are registered, neither fenced nor leaving, the event included.
    pub(super) fn after(
        &self,
        event: PartitionEvent<'_>,
        active: impl Fn(BrokerId) -> bool,
        rules: Rules,
    ) -> Option<PartitionState> {
        let ignored =
            rules.broken.is(Mutant::NobodyElected) && matches!(event, PartitionEvent::BrokerReturned);
        if ignored || !self.is_concerned(event) {
            return None;
        }
        let target = self.target_isr(event);
        let eligible = self.target_elr(&target, event, rules);
        let (leader, unclean) = self.elect(event, &target, &eligible, active, rules);
        let (isr, elr) = match leader {
            // broker.md F16, F7: a leader from outside the ISR is alone in it.
            Some(leader) if !target.contains(&leader) => {
                (vec![leader], eligible.into_iter().filter(|&member| member != leader).collect())
            }
            // broker.md R26: without ELR the last member stays in the ISR, though it leads no longer.
            None if target.is_empty() && !rules.elr => (self.isr.to_vec(), eligible),
            _ => (target, eligible),
        };
        let led_last = self.leader.filter(|_| isr.is_empty()).or(self.last_known_leader);
        let forgotten = leader.is_some() || matches!(event, PartitionEvent::MinIsrChanged);
        let last_known_leader = led_last.filter(|_| !forgotten);
        let stays = leader == self.leader && last_known_leader == self.last_known_leader;
        if stays && *isr == *self.isr && *elr == *self.elr {
            return None;
        }
        let shrunk = self.isr.iter().any(|member| !isr.contains(member));
        let new_epoch = leader != self.leader || (shrunk && !rules.release.at_least(3, 6));
        let settled = matches!(event, PartitionEvent::IsrProposed(_)) || leader != self.leader;
        Some(PartitionState {
            replicas: self.replicas.clone(),
            isr: isr.into(),
            elr: elr.into(),
            leader,
            last_known_leader,
            recovering: unclean || (self.recovering && !settled),
            leader_epoch: self.leader_epoch + i32::from(new_epoch && !rules.broken.is(Mutant::EpochReused)),
            partition_epoch: self.partition_epoch + 1,
        })
    }

    /// Whether an event is about this partition at all.
    fn is_concerned(&self, event: PartitionEvent<'_>) -> bool {
        match event {
            PartitionEvent::BrokerLeft(broker) | PartitionEvent::BrokerShutsDown(broker) => {
                self.isr.contains(&broker)
            }
            PartitionEvent::BrokerRestarted(broker) => {
                self.isr.contains(&broker) || self.elr.contains(&broker)
            }
            PartitionEvent::BrokerReturned | PartitionEvent::UncleanSweep => self.leader.is_none(),
            _ => true,
        }
    }

    fn target_isr(&self, event: PartitionEvent<'_>) -> Vec<BrokerId> {
        match event {
            PartitionEvent::BrokerLeft(broker)
            | PartitionEvent::BrokerShutsDown(broker)
            | PartitionEvent::BrokerRestarted(broker) => {
                self.isr.iter().copied().filter(|&member| member != broker).collect()
            }
            PartitionEvent::IsrProposed(isr) => isr.to_vec(),
            _ => self.isr.to_vec(),
        }
    }

    /// `broker.md F16`: while the ISR is smaller than `min.insync.replicas`, whoever has been in it since it was not, and has
    /// not restarted uncleanly.
    fn target_elr(&self, target: &[BrokerId], event: PartitionEvent<'_>, rules: Rules) -> Vec<BrokerId> {
        let ends = matches!(event, PartitionEvent::MinIsrChanged);
        if ends || !rules.elr || target.len() >= rules.min_isr.min(self.replicas.len()) {
            return Vec::new();
        }
        let stays = |member: &BrokerId| {
            !target.contains(member)
                && !matches!(event, PartitionEvent::BrokerRestarted(restarted) if restarted == *member)
        };
        let mut elr: Vec<BrokerId> = self.elr.iter().chain(self.isr.iter()).copied().filter(stays).collect();
        elr.sort_unstable();
        elr.dedup();
        elr
    }

    /// The leader after this event, and whether it comes from outside ISR and ELR (`broker.md F7`): who leads goes on if it
    /// may, unless another one is wanted.
    fn elect(
        &self,
        event: PartitionEvent<'_>,
        target: &[BrokerId],
        eligible: &[BrokerId],
        active: impl Fn(BrokerId) -> bool,
        rules: Rules,
    ) -> (Option<BrokerId>, bool) {
        let is_clean = |broker: BrokerId| {
            let may = target.contains(&broker) || (target.is_empty() && eligible.contains(&broker));
            active(broker) && (may || rules.broken.is(Mutant::LaggingElected))
        };
        let wanted = match event {
            PartitionEvent::Preferred => self.preferred(),
            PartitionEvent::Forced(broker) => Some(broker),
            PartitionEvent::MinIsrChanged => return (self.leader, false),
            PartitionEvent::ForcedUncleanly(Some(broker)) if active(broker) => {
                return (Some(broker), !is_clean(broker));
            }
            _ => None,
        };
        let candidates = wanted.into_iter().chain(self.leader).chain(self.replicas.iter().copied());
        if let Some(leader) = candidates.into_iter().find(|&broker| is_clean(broker)) {
            return (Some(leader), false);
        }
        let none_is_eligible = rules.elr && target.is_empty() && eligible.is_empty();
        let last_known = self.last_known_leader.filter(|&broker| none_is_eligible && active(broker));
        let any = || {
            let may = event.may_be_unclean(rules.unclean);
            self.replicas.iter().copied().find(|&broker| may && active(broker))
        };
        let leader = last_known.or_else(any);
        (leader, leader.is_some())
    }

    /// The first of its replicas (`broker.md F9`).
    pub fn preferred(&self) -> Option<BrokerId> {
        self.replicas.first().copied()
    }
}

#[cfg(test)]
#[path = "partition_tests.rs"]
mod tests;
