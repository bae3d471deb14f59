//! V18: the true high watermark, the highest that was ever exposed, only rises. A new leader's own may be lower at first, but
//! not any more once it has reached the start of the leader's epoch.

use super::look::{Look, Replica};
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::TopicPartition;
use crate::trace::Event;

pub(super) struct TrueHw;

impl Checker for TrueHw {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for (_, event) in step.events {
            let Event::HwAdvanced { broker, topic, partition, .. } = *event else { continue };
            let tp = TopicPartition { topic, partition };
            let Some(leader) = look.running(broker, tp).filter(Replica::leads) else { continue };
            let story = look.story(tp);
            let (now, start) = (leader.it.high_watermark(), leader.it.epoch_start().unwrap_or(i64::MAX));
            let exposed = story.true_hw_before(leader.it.leader_epoch());
            if story.assumptions.hold() && now >= start && now < exposed {
                let seen = format!(
                    "the high watermark is {now} and past the epoch's start {start}, though {} was exposed",
                    exposed
                );
                found.report(look, Invariant::V18, leader.place(), seen, "no less than was ever exposed");
            }
        }
    }
}
