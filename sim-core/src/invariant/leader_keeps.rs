//! V4: a leader never truncates; in one epoch its log end and its high watermark never go down.

use std::collections::BTreeMap;

use super::look::Look;
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::{BrokerId, TopicPartition};

#[derive(Clone, Copy)]
struct Last {
    leader_epoch: i32,
    log_end: i64,
    high_watermark: i64,
}

/// What each leader had when it was last looked at.
#[derive(Default)]
pub(super) struct LeaderKeeps {
    leaders: BTreeMap<(BrokerId, TopicPartition), Last>,
}

impl Checker for LeaderKeeps {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for &(broker, tp) in &step.touched.replicas {
            let leader = look.running(broker, tp).filter(super::look::Replica::leads);
            let Some(replica) = leader else {
                self.leaders.remove(&(broker, tp));
                continue;
            };
            let now = Last {
                leader_epoch: replica.it.leader_epoch(),
                log_end: replica.it.log().end_offset(),
                high_watermark: replica.it.high_watermark(),
            };
            let last = self.leaders.insert((broker, tp), now);
            let Some(last) = last.filter(|last| last.leader_epoch == now.leader_epoch) else { continue };
            for (what, before, after) in [
                ("log end", last.log_end, now.log_end),
                ("high watermark", last.high_watermark, now.high_watermark),
            ] {
                if after < before {
                    let seen = format!(
                        "the leader's {what} went from {before} to {after} in epoch {}",
                        now.leader_epoch
                    );
                    found.report(look, Invariant::V4, replica.place(), seen, "it never goes down");
                }
            }
        }
    }
}
