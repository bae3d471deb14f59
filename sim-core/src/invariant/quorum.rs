//! V17: whenever a leader is current and its ISR large enough, its maximal ISR has all of the controller's ISR and ELR: what it
//! commits is on whoever may be elected. (After an unclean election old members of the ELR may stay in it.)

use super::look::{Look, Replica};
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::BrokerId;

pub(super) struct Quorum;

impl Checker for Quorum {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for replica in look.leaders(step.touched) {
            check(look, &replica, found);
        }
        for &tp in &step.touched.decided {
            if let Some(leader) = look.final_leader(tp) {
                check(look, &leader, found);
            }
        }
    }
}

fn check(look: &Look<'_>, replica: &Replica<'_>, found: &mut Found) {
    let Some(state) = look.decided(replica.tp).filter(|_| look.is_current(replica)) else { return };
    let unclean = !look.story(replica.tp).assumptions.hold();
    if unclean || replica.it.isr().len() < look.min_isr(replica.tp) {
        return;
    }
    let missing = |member: &&BrokerId| !replica.maximal_isr().any(|known| known == **member);
    if let Some(member) = state.isr.iter().chain(state.elr.iter()).find(missing) {
        let maximal: Vec<u32> = replica.maximal_isr().map(|broker| broker.0).collect();
        let seen = format!("broker {member} may be elected, and the leader's maximal ISR is {maximal:?}");
        found.report(look, Invariant::V17, replica.place(), seen, "it to be in there");
    }
}
