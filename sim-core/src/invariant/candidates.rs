//! V16: every member of ISR and ELR that runs has all that is committed, so whoever of them is elected does no harm.

use super::look::Look;
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::{BrokerId, TopicPartition};
use crate::trace::Event;

pub(super) struct Candidates;

impl Checker for Candidates {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for &(broker, tp) in &step.touched.replicas {
            check(look, broker, tp, found);
        }
        let risen = step.events.iter().filter_map(|(_, event)| match *event {
            Event::HwAdvanced { topic, partition, .. } => Some(TopicPartition { topic, partition }),
            _ => None,
        });
        for tp in step.touched.decided.iter().copied().chain(risen) {
            let Some(state) = look.decided(tp) else { continue };
            for &member in state.isr.iter().chain(state.elr.iter()) {
                check(look, member, tp, found);
            }
        }
    }
}

fn check(look: &Look<'_>, broker: BrokerId, tp: TopicPartition, found: &mut Found) {
    let story = look.story(tp);
    if !story.assumptions.hold() || story.assumptions.is_lossy(broker) {
        return;
    }
    let Some(state) =
        look.decided(tp).filter(|state| state.isr.contains(&broker) || state.elr.contains(&broker))
    else {
        return;
    };
    let Some(replica) = look.running(broker, tp) else { return };
    if !story.has_committed(replica.it.log(), story.true_hw) {
        let list = if state.isr.contains(&broker) { "ISR" } else { "ELR" };
        let seen = format!(
            "a member of the {list} has log end {} and lacks a committed batch below {}",
            replica.it.log().end_offset(),
            story.true_hw
        );
        found.report(look, Invariant::V16, replica.place(), seen, "everything that is committed");
    }
}
