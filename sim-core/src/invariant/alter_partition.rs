//! V6: a leader's proposal changes the ISR only if both have the same epochs in mind, and only to members that are what the
//! leader takes them for; the leader is in the ISR, the ISR in the assignment, and nobody in it is fenced or leaving.

use std::collections::BTreeMap;

use super::look::Look;
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::protocol::{AlterPartitionRequest, Request, Response};
use crate::record::{BrokerId, TopicPartition};
use crate::trace::{Event, MessageBody, MessageEvent};

pub(super) struct AlterPartition {
    /// Leader epoch and partition epoch of each partition before this step.
    epochs: BTreeMap<TopicPartition, (i32, i32)>,
    /// Broker epochs before this step.
    brokers: BTreeMap<BrokerId, i64>,
    /// Requests whose answer has not been seen, and why they may not change anything.
    asked: BTreeMap<u64, Option<String>>,
}

impl AlterPartition {
    pub(super) fn new(look: &Look<'_>) -> AlterPartition {
        let epochs = look.controller.partitions();
        let epochs = epochs.map(|(tp, state)| (tp, (state.leader_epoch, state.partition_epoch))).collect();
        AlterPartition { epochs, brokers: registered(look), asked: BTreeMap::new() }
    }

    /// Why the controller has to refuse this, as it stood before the step.
    fn objection(&self, look: &Look<'_>, request: &AlterPartitionRequest) -> Option<String> {
        let &(leader_epoch, partition_epoch) = self.epochs.get(&request.tp)?;
        if (request.leader_epoch, request.partition_epoch) != (leader_epoch, partition_epoch) {
            return Some(format!(
                "leader epoch {} and partition epoch {}, where the controller has {leader_epoch} and {partition_epoch}",
                request.leader_epoch, request.partition_epoch
            ));
        }
        // KIP-903: before 3.5 a proposal does not say which broker epochs it means.
        let stale = |&&(member, epoch): &&(BrokerId, i64)| {
            epoch >= 0 && self.brokers.get(&member).is_some_and(|&known| known != epoch)
        };
        let &(member, epoch) =
            request.isr.iter().filter(|_| look.scenario.profile.at_least(3, 5)).find(stale)?;
        Some(format!("broker {member} with broker epoch {epoch}, which has registered anew since"))
    }

    fn message(&mut self, look: &Look<'_>, message: &MessageEvent, found: &mut Found) {
        match &message.body {
            MessageBody::Request(Request::AlterPartition(request)) if !message.sent => {
                let objection = self.objection(look, request);
                self.asked.insert(message.message, objection);
            }
            MessageBody::Response(Response::AlterPartition(answer)) if message.sent => {
                let asked = message.request.and_then(|request| self.asked.remove(&request));
                if let Some(Some(objection)) = asked
                    && !answer.error.is_error()
                {
                    let seen = format!("a proposal accepted with {objection}");
                    found.report(look, Invariant::V6, answer.tp, seen, "it to be refused");
                }
            }
            _ => {}
        }
    }
}

impl Checker for AlterPartition {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        let mut members_changed = false;
        for (_, event) in step.events {
            match event {
                Event::Message(message) => self.message(look, message, found),
                Event::BrokerFenced { .. } | Event::BrokerRegistered { .. } => members_changed = true,
                _ => {}
            }
        }
        for &tp in &step.touched.decided {
            check_isr(look, tp, found);
            if let Some(state) = look.decided(tp) {
                self.epochs.insert(tp, (state.leader_epoch, state.partition_epoch));
            }
        }
        if members_changed {
            self.brokers = registered(look);
            for (tp, _) in look.controller.partitions() {
                check_isr(look, tp, found);
            }
        }
    }
}

fn registered(look: &Look<'_>) -> BTreeMap<BrokerId, i64> {
    let ids = look.brokers.iter().map(crate::broker::Broker::id);
    ids.filter_map(|id| Some((id, look.controller.broker(id)?.broker_epoch))).collect()
}

fn check_isr(look: &Look<'_>, tp: TopicPartition, found: &mut Found) {
    let Some(state) = look.decided(tp) else { return };
    if let Some(stranger) = state.isr.iter().find(|member| !state.replicas.contains(member)) {
        let seen = format!("broker {stranger} is in the ISR");
        found.report(look, Invariant::V6, tp, seen, "replicas only");
    }
    if let Some(leader) = state.leader.filter(|leader| !state.isr.contains(leader)) {
        let seen = format!("the leader {leader} is not in the ISR {:?}", ids(&state.isr));
        found.report(look, Invariant::V6, tp, seen, "the leader to be in it");
    }
    // KIP-841: before 3.3 a fenced broker could join. The last member stays where there is no ELR (broker.md R26).
    let only = state.isr.len() == 1;
    let fenced = |member: &&BrokerId| !look.controller.is_active(**member);
    if let Some(member) = state.isr.iter().find(fenced)
        && look.scenario.profile.at_least(3, 3)
        && !(only && state.leader.is_none())
    {
        let seen = format!("broker {member} is in the ISR {:?} and fenced", ids(&state.isr));
        found.report(look, Invariant::V6, tp, seen, "members that live");
    }
}

fn ids(brokers: &[BrokerId]) -> Vec<u32> {
    brokers.iter().map(|broker| broker.0).collect()
}
