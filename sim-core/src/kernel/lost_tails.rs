//! Replicas whose log a power loss has cut short, and what became of it when one of them led: the verdict asks.

use std::collections::BTreeMap;

use crate::config::Release;
use crate::controller::Controller;
use crate::record::{BrokerId, TopicPartition};
use crate::verdict::PartitionTerms;

/// Logs that are shorter than what was acknowledged, until their brokers have caught up with a leader again.
#[derive(Clone, Debug, Default)]
pub(super) struct LostTails {
    replicas: Vec<LostTail>,
    /// Partitions that such a replica has led.
    led: BTreeMap<TopicPartition, PartitionTerms>,
}

#[derive(Clone, Copy, Debug)]
struct LostTail {
    tp: TopicPartition,
    broker: BrokerId,
    /// Of the incarnation that died: what the controller decides counts once there is a newer one.
    broker_epoch: i64,
}

impl LostTails {
    /// A broker has lost the end of these logs.
    pub(super) fn lost(&mut self, broker: BrokerId, logs: Vec<TopicPartition>, controller: &Controller) {
        let broker_epoch = controller.broker(broker).map_or(-1, |registration| registration.broker_epoch);
        self.replicas.retain(|lost| lost.broker != broker || !logs.contains(&lost.tp));
        self.replicas.extend(logs.into_iter().map(|tp| LostTail { tp, broker, broker_epoch }));
    }

    /// The controller has done something: a replica that leads with what is left of its log was the last one that might
    /// (`broker.md D6`, L1 b: it has left every ISR that has another member, and every ELR, when its new incarnation
    /// registered); one that is in sync under another leader has everything again (since 3.5:
    /// before KIP-903 a replica may have come back into the ISR by what it had fetched before).
    #[inline]
    pub(super) fn look(&mut self, controller: &Controller, keeps_elr: bool, release: Release) {
        if self.replicas.is_empty() {
            return;
        }
        let led = &mut self.led;
        self.replicas.retain(|lost| {
            let registered = controller.broker(lost.broker);
            let is_back = registered.is_some_and(|now| now.broker_epoch > lost.broker_epoch);
            let Some(state) = controller.partition(lost.tp).filter(|_| is_back) else { return true };
            if state.leader == Some(lost.broker) {
                let terms = led.entry(lost.tp).or_default();
                terms.last_member_lossy = true;
                terms.every_member_lossy = keeps_elr;
                return false;
            }
            !(release.at_least(3, 5) && state.leader.is_some() && state.isr.contains(&lost.broker))
        });
    }

    /// What this took from the promises about each partition, at the end of a run: a replica that is still waited for, as the
    /// only one that may lead, would lead with what it has; so would one that is there where nobody may.
    pub(super) fn terms(
        &self,
        controller: &Controller,
        keeps_elr: bool,
    ) -> BTreeMap<TopicPartition, PartitionTerms> {
        let mut terms = self.led.clone();
        let alone = |lost: &&LostTail| {
            let state = controller.partition(lost.tp).filter(|state| state.leader.is_none());
            state.is_some_and(|state| state.isr.iter().chain(state.elr.iter()).all(|&may| may == lost.broker))
        };
        for lost in self.replicas.iter().filter(alone) {
            let terms = terms.entry(lost.tp).or_default();
            terms.last_member_lossy = true;
            terms.every_member_lossy = keeps_elr;
        }
        terms
    }
}
