//! V8: a leader's high watermark covers only what every member of its maximal ISR has stored, and does not move while the ISR
//! has fewer than `min.insync.replicas` (3.7+).

use super::history::Key;
use super::look::{IsrSizes, Look, Replica};
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::{BrokerId, TopicPartition};
use crate::trace::Event;

#[derive(Default)]
pub(super) struct HighWatermark {
    isrs: IsrSizes,
}

impl Checker for HighWatermark {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for (_, event) in step.events {
            if let Event::HwAdvanced { broker, topic, partition, high_watermark, .. } = *event {
                let tp = TopicPartition { topic, partition };
                if let Some(replica) = look.running(broker, tp).filter(Replica::leads) {
                    let sizes = self.isrs.at(look, &replica, replica.it.isr().len());
                    check(look, &replica, high_watermark, sizes, found);
                }
            }
        }
        self.isrs.note(look, step.touched, |leader| leader.it.isr().len());
    }
}

fn check(
    look: &Look<'_>,
    replica: &Replica<'_>,
    high_watermark: i64,
    (isr, min_isr): (usize, usize),
    found: &mut Found,
) {
    if isr < min_isr && look.scenario.profile.at_least(3, 7) {
        let seen = format!("the high watermark rose to {high_watermark} with {isr} in the ISR");
        found.report(look, Invariant::V8, replica.place(), seen, format!("{min_isr} at least"));
    }
    if let Some(member) = lacking(look, replica, high_watermark) {
        let seen = format!(
            "the high watermark rose to {high_watermark}, though broker {member} of the maximal ISR has not stored all of that"
        );
        found.report(look, Invariant::V8, replica.place(), seen, "every member to have stored it");
    }
}

/// A member of a leader's maximal ISR that has never stored the last batch below this offset. Before 2.0 one that has another
/// batch there is none: logs may part for good, and whoever agrees with its leader behind that joins the ISR (KIP-279).
pub(super) fn lacking(look: &Look<'_>, replica: &Replica<'_>, offset: i64) -> Option<BrokerId> {
    let log = replica.it.log();
    let last = log.batches_from(offset - 1).next().filter(|_| offset > log.start_offset())?;
    let known = look.story(replica.tp).batches.get(&Key::of(last))?;
    let has_another = |member| {
        let may_part = !look.scenario.profile.at_least(2, 0);
        may_part && look.on_disk(member, replica.tp).is_some_and(|it| it.log().end_offset() >= offset)
    };
    replica.maximal_isr().find(|&member| !known.was_stored_at(member) && !has_another(member))
}
