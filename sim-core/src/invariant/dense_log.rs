//! V1: each replica's offsets are contiguous, and epochs along a log never go down (from 2.1 on, when they fence fetches).

use super::look::{Look, Replica};
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::TopicPartition;
use crate::trace::Event;

pub(super) struct DenseLog;

impl Checker for DenseLog {
    /// What was appended, with the batch before it; after a cut the log's end.
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for (_, event) in step.events {
            match *event {
                Event::Append { broker, topic, partition, base_offset: from, .. }
                | Event::Replicated { broker, topic, partition, base_offset: from, .. }
                | Event::Truncated { broker, topic, partition, to: from, .. } => {
                    let tp = TopicPartition { topic, partition };
                    if let Some(replica) = look.running(broker, tp) {
                        check_from(look, &replica, from - 1, found);
                    }
                }
                _ => {}
            }
        }
    }

    fn end(&mut self, look: &Look<'_>, found: &mut Found) {
        for replica in look.all() {
            check_from(look, &replica, replica.it.log().start_offset(), found);
        }
    }
}

fn check_from(look: &Look<'_>, replica: &Replica<'_>, from: i64, found: &mut Found) {
    let (log, fenced) = (replica.it.log(), look.scenario.profile.at_least(2, 1));
    let mut last: Option<(i64, i32)> = None;
    for stored in log.batches_from(from.max(log.start_offset())) {
        if let Some((end, epoch)) = last
            && (stored.base_offset != end || (fenced && stored.leader_epoch < epoch))
        {
            let seen = format!(
                "after a batch of epoch {epoch} that ends at {end} one of epoch {} that begins at {}",
                stored.leader_epoch, stored.base_offset
            );
            found.report(
                look,
                Invariant::V1,
                replica.place(),
                seen,
                "the next one to begin there, in no older epoch",
            );
        }
        last = Some((stored.next_offset(), stored.leader_epoch));
    }
    if let Some((end, _)) = last.filter(|&(end, _)| end != log.end_offset()) {
        let seen = format!("the log ends at {}, its last batch at {end}", log.end_offset());
        found.report(look, Invariant::V1, replica.place(), seen, "the same end");
    }
}
