//! V23: a partition has a living leader as long as a member of its ISR lives, or of its ELR where the ISR is empty. (That
//! nothing is lost then is V15.)

use super::look::Look;
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::{BrokerId, TopicPartition};
use crate::trace::Event;

pub(super) struct RegainedLeader;

impl Checker for RegainedLeader {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        let members_changed = step.events.iter().any(|(_, event)| {
            matches!(
                event,
                Event::BrokerFenced { .. } | Event::BrokerUnfenced { .. } | Event::BrokerRegistered { .. }
            )
        });
        if members_changed {
            for (tp, _) in look.controller.partitions() {
                check(look, tp, found);
            }
        } else {
            for &tp in &step.touched.decided {
                check(look, tp, found);
            }
        }
    }
}

fn check(look: &Look<'_>, tp: TopicPartition, found: &mut Found) {
    let Some(state) = look.decided(tp) else { return };
    let lives = |broker: &&BrokerId| look.controller.is_active(**broker);
    match state.leader {
        Some(leader) => {
            if !lives(&&leader) {
                let seen = format!("broker {leader} leads, and the controller counts it as dead");
                found.report(look, Invariant::V23, tp, seen, "a living leader, or none");
            }
        }
        None => {
            let candidates = if state.isr.is_empty() { &state.elr } else { &state.isr };
            if let Some(member) = candidates.iter().find(lives) {
                let seen = format!("no leader, though broker {member} lives and may lead");
                found.report(look, Invariant::V23, tp, seen, "it to lead");
            }
        }
    }
}
