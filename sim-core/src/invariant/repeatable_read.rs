//! V19: whoever reads an offset again, or reads it elsewhere, gets the same record.

use std::collections::BTreeMap;

use super::look::Look;
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::{RecordId, TopicPartition};
use crate::trace::Event;

/// What was first read at each offset.
#[derive(Default)]
pub(super) struct RepeatableRead {
    read: BTreeMap<(TopicPartition, i64), RecordId>,
}

impl Checker for RepeatableRead {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for (_, event) in step.events {
            let Event::Consumed { broker, topic, partition, offset, record, .. } = *event else { continue };
            let tp = TopicPartition { topic, partition };
            let first = *self.read.entry((tp, offset)).or_insert(record);
            if first != record && look.story(tp).assumptions.hold() {
                let seen = format!("{} read at offset {offset}", look.names.record(record));
                let expected = format!("{}, as before", look.names.record(first));
                found.report(look, Invariant::V19, (broker, tp), seen, expected);
            }
        }
    }
}
