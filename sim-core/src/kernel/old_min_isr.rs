//! Elections from an ELR that lacks something: what a leader has committed by an older, smaller `min.insync.replicas` than the
//! controller's (`broker.md F17`). The verdict asks.
//!
//! Kafka lets it happen. The answer to an AlterPartition, which makes an ISR small, is not ordered with the metadata log, so it
//! may come to a leader before the settings do by which the controller has put the others into the ELR; and of what comes
//! with one fetch of the metadata `BrokerMetadataPublisher` applies partitions before configurations.

use std::collections::{BTreeMap, BTreeSet};

use crate::broker::{Broker, Partition};
use crate::controller::Controller;
use crate::record::{BrokerId, TopicPartition};
use crate::scenario::{Act, Acting, Scenario};

/// The partitions to which that has happened.
#[derive(Clone, Debug)]
pub(super) struct OldMinIsr {
    /// Whether it can: with ELR, and settings of topics that change.
    possible: bool,
    /// The leader epochs that have been looked at.
    looked_at: BTreeMap<TopicPartition, i32>,
    partitions: BTreeSet<TopicPartition>,
}

impl OldMinIsr {
    pub(super) fn new(scenario: &Scenario) -> OldMinIsr {
        let changes = |act: &Act| matches!(act, Act::SetConfig(to) if matches!(**to, Acting::Topic(..)));
        let possible = scenario.cluster.elr && scenario.faults.iter().any(|fault| changes(&fault.act));
        OldMinIsr { possible, looked_at: BTreeMap::new(), partitions: BTreeSet::new() }
    }

    /// The controller has done something: a leader that it has elected cleanly and that lacks what any replica has for committed
    /// is one of these.
    #[inline]
    pub(super) fn look(&mut self, controller: &Controller, brokers: &[Broker]) {
        if !self.possible {
            return;
        }
        for (tp, state) in controller.partitions() {
            let Some(BrokerId(leader)) = state.leader else { continue };
            if self.looked_at.insert(tp, state.leader_epoch) == Some(state.leader_epoch) || state.recovering {
                continue;
            }
            let committed =
                brokers.iter().filter_map(|broker| broker.partition(tp)).map(Partition::high_watermark);
            let end = brokers[leader as usize].partition(tp).map_or(0, |replica| replica.log().end_offset());
            if committed.max().is_some_and(|committed| committed > end) {
                self.partitions.insert(tp);
            }
        }
    }

    /// Which they are.
    pub(super) fn partitions(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        self.partitions.iter().copied()
    }
}
