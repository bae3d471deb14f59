//! V3: at most one broker ever leads in a leader epoch; leader epochs, partition epochs and broker epochs only go up.

use std::collections::BTreeMap;

use super::look::Look;
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::{BrokerId, TopicPartition};
use crate::trace::Event;

/// What the controller last said of a partition.
#[derive(Clone, Copy)]
struct Last {
    leader: Option<BrokerId>,
    leader_epoch: i32,
    partition_epoch: i32,
}

pub(super) struct Epochs {
    partitions: BTreeMap<TopicPartition, Last>,
    /// Who has led in which epoch.
    led: BTreeMap<(TopicPartition, i32), BrokerId>,
    brokers: BTreeMap<BrokerId, i64>,
}

impl Epochs {
    pub(super) fn new(look: &Look<'_>) -> Epochs {
        let mut epochs =
            Epochs { partitions: BTreeMap::new(), led: BTreeMap::new(), brokers: BTreeMap::new() };
        for (tp, state) in look.controller.partitions() {
            let (leader, leader_epoch) = (state.leader, state.leader_epoch);
            let partition_epoch = state.partition_epoch;
            epochs.partitions.insert(tp, Last { leader, leader_epoch, partition_epoch });
            epochs.led.extend(leader.map(|leader| ((tp, leader_epoch), leader)));
        }
        epochs
    }

    fn leads(
        &mut self,
        look: &Look<'_>,
        tp: TopicPartition,
        epoch: i32,
        leader: BrokerId,
        found: &mut Found,
    ) {
        let first = *self.led.entry((tp, epoch)).or_insert(leader);
        if first != leader {
            let seen = format!("broker {leader} leads in epoch {epoch}, as broker {first} did");
            found.report(look, Invariant::V3, tp, seen, "one leader an epoch");
        }
    }

    fn decided(&mut self, look: &Look<'_>, tp: TopicPartition, found: &mut Found) {
        let Some(state) = look.decided(tp) else { return };
        let (leader, leader_epoch) = (state.leader, state.leader_epoch);
        let now = Last { leader, leader_epoch, partition_epoch: state.partition_epoch };
        if let Some(last) = self.partitions.insert(tp, now) {
            let moved = last.leader != now.leader;
            if now.partition_epoch <= last.partition_epoch {
                let seen = format!("partition epoch {} after {}", now.partition_epoch, last.partition_epoch);
                found.report(look, Invariant::V3, tp, seen, "a higher one with every change");
            }
            if now.leader_epoch < last.leader_epoch || (moved && now.leader_epoch == last.leader_epoch) {
                let seen = format!("leader epoch {} after {}", now.leader_epoch, last.leader_epoch);
                found.report(look, Invariant::V3, tp, seen, "a higher one with every change of the leader");
            }
        }
        if let Some(leader) = leader {
            self.leads(look, tp, leader_epoch, leader, found);
        }
    }
}

impl Checker for Epochs {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for &tp in &step.touched.decided {
            self.decided(look, tp, found);
        }
        for (_, event) in step.events {
            match *event {
                Event::RoleChanged { broker, topic, partition, leader, leader_epoch, .. }
                    if leader.0 == Some(broker) =>
                {
                    self.leads(look, TopicPartition { topic, partition }, leader_epoch, broker, found);
                }
                Event::BrokerRegistered { broker, broker_epoch, .. } => {
                    let last = self.brokers.insert(broker, broker_epoch).unwrap_or(-1);
                    if broker_epoch <= last {
                        let seen = format!("broker epoch {broker_epoch} after {last}");
                        found.report(
                            look,
                            Invariant::V3,
                            broker,
                            seen,
                            "a higher one with every registration",
                        );
                    }
                }
                _ => {}
            }
        }
    }
}
