//! What takes the guarantees of `broker.md 10.2` away from a partition: an unclean election, or disks that lost more than
//! its protocol can bear (`broker.md L1`).

use std::collections::BTreeMap;

use crate::config::Release;
use crate::controller::PartitionState;
use crate::record::BrokerId;

/// What has happened to a partition so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Assumptions {
    /// Before 2.1 nothing keeps a leader from counting the fetch of another epoch (KIP-320, `broker.md T1`).
    unfenced: bool,
    unclean: bool,
    old_min_isr: bool,
    disk_lost: bool,
    /// Replicas that came out of a power loss without part of their log, and have not joined the ISR since; whether they have
    /// registered anew, before which an older proposal may put them back.
    lossy: BTreeMap<BrokerId, bool>,
}

impl Assumptions {
    /// Nothing has happened yet to a partition of such a cluster.
    pub(super) fn new(release: Release) -> Assumptions {
        Assumptions { unfenced: !release.at_least(2, 1), ..Assumptions::default() }
    }

    /// Whether committed records have to be there still: a release that fences fetches by leader epochs, no unclean election,
    /// nothing committed by a `min.insync.replicas` that the controller no longer goes by, and always somebody who may lead
    /// and has lost nothing.
    pub(super) fn hold(&self) -> bool {
        !self.unfenced && !self.unclean && !self.old_min_isr && !self.disk_lost
    }

    /// A leader has committed with an ISR that is too small for the controller's `min.insync.replicas`, by an older one. The ELR
    /// rests on that nothing is (`broker.md F17`). Kafka lets it happen: the answer to an AlterPartition, which makes the ISR
    /// small, may overtake the word that makes it too small; and of what comes with one fetch of the metadata, partitions are
    /// applied before configurations.
    pub(super) fn committed_by_an_old_min_isr(&mut self) {
        self.old_min_isr = true;
    }

    /// Whether this replica's log is what a power loss has left of it.
    pub(super) fn is_lossy(&self, broker: BrokerId) -> bool {
        self.lossy.contains_key(&broker)
    }

    /// A power loss has taken a part of a replica's log. Before 3.5 (KIP-903) nothing keeps such a replica from coming back
    /// into the ISR by what it had fetched before.
    pub(super) fn lost_power(
        &mut self,
        broker: BrokerId,
        state: Option<&PartitionState>,
        newest_rules: bool,
    ) {
        self.lossy.insert(broker, false);
        self.disk_lost |= !newest_rules;
        self.weigh(state);
    }

    /// The controller has changed the partition.
    pub(super) fn decided(&mut self, state: Option<&PartitionState>, unclean: bool) {
        self.unclean |= unclean;
        self.weigh(state);
    }

    /// A broker has registered: whoever is in the ISR after that is there by what it has fetched since.
    pub(super) fn registered(&mut self, broker: BrokerId) {
        if let Some(registered) = self.lossy.get_mut(&broker) {
            *registered = true;
        }
    }

    /// `broker.md L1 b`: has everybody who may lead lost data? Who has come back and is in the ISR has everything again.
    fn weigh(&mut self, state: Option<&PartitionState>) {
        let Some(state) = state else { return };
        let mut candidates = state.isr.iter().chain(state.elr.iter());
        self.disk_lost |= !self.lossy.is_empty() && candidates.all(|member| self.lossy.contains_key(member));
        self.lossy.retain(|member, registered| !(*registered && state.isr.contains(member)));
    }
}
