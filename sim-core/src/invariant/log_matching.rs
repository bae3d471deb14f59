//! V2: if two replicas hold the same epoch and offset, it is the same batch; and what stands before it is the same too. From 2.1 on:
//! before 2.0 a follower may keep what no leader has (KIP-279), before 2.1 it is not fenced (KIP-320, `broker.md T1`).

use super::look::Look;
use super::violation::{Found, Invariant};
use super::{Checker, Step};

pub(super) struct LogMatching;

impl Checker for LogMatching {
    /// The history has held every stored batch against the first of its epoch and offset, with the one before it: by
    /// induction the whole logs up to there.
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        let fenced = look.scenario.profile.at_least(2, 1);
        for &(at, tp) in step.touched.replicas.iter().filter(|_| fenced) {
            for &(broker, key) in look.story(tp).conflicts.iter().filter(|&&(broker, _)| broker == at) {
                let seen = format!(
                    "at offset {} of epoch {} another batch, or after another one",
                    key.base_offset, key.leader_epoch
                );
                found.report(look, Invariant::V2, (broker, tp), seen, "what other replicas have there");
            }
        }
    }
}
