//! V14: what is committed is never lost and never another record: whoever takes a leadership has all of it.

use super::look::{Look, Replica};
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::TopicPartition;
use crate::trace::Event;

pub(super) struct LeaderCompleteness;

impl Checker for LeaderCompleteness {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for (_, event) in step.events {
            if let Event::RoleChanged { broker, topic, partition, leader, leader_epoch, .. } = *event
                && leader.0 == Some(broker)
                && let Some(replica) = look.running(broker, TopicPartition { topic, partition })
                && look.story(replica.tp).assumptions.hold()
            {
                check(look, &replica, leader_epoch, found);
            }
        }
    }

    /// The whole of each final leader's log, batch by batch.
    fn end(&mut self, look: &Look<'_>, found: &mut Found) {
        for replica in look.all().filter(Replica::leads) {
            let story = look.story(replica.tp);
            if !story.assumptions.hold() || !look.is_current(&replica) {
                continue;
            }
            let log = replica.it.log();
            let mut there = log.batches().peekable();
            for (&offset, &epoch) in story.committed.range(log.start_offset()..) {
                while there.next_if(|stored| stored.base_offset < offset).is_some() {}
                let same = there
                    .peek()
                    .is_some_and(|stored| (stored.base_offset, stored.leader_epoch) == (offset, epoch));
                if !same {
                    let seen = format!(
                        "the final leader lacks the committed batch at offset {offset} of epoch {epoch}"
                    );
                    found.report(
                        look,
                        Invariant::V14,
                        replica.place(),
                        seen,
                        "everything that was committed",
                    );
                }
            }
        }
    }
}

/// The epoch in which it took the leadership: by the end of the step it may have heard of a later one.
fn check(look: &Look<'_>, replica: &Replica<'_>, leader_epoch: i32, found: &mut Found) {
    let story = look.story(replica.tp);
    let true_hw = story.true_hw_before(leader_epoch);
    if !story.has_committed(replica.it.log(), true_hw) {
        let seen = format!(
            "the leader of epoch {leader_epoch} begins with log end {} and lacks a committed batch below {}",
            replica.it.log().end_offset(),
            true_hw
        );
        found.report(look, Invariant::V14, replica.place(), seen, "everything that was committed");
    }
}
