//! V15: what was acknowledged with acks=all is in the log of the final leader.

use std::collections::BTreeMap;

use super::look::{Look, records_of};
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::verdict::Told;

pub(super) struct AcknowledgedKept;

impl Checker for AcknowledgedKept {
    fn step(&mut self, _: &Look<'_>, _: &Step<'_>, _: &mut Found) {}

    fn end(&mut self, look: &Look<'_>, found: &mut Found) {
        let mut logs = BTreeMap::new();
        for line in look.ledger.lines().filter(|line| line.told == Told::Acknowledged) {
            let producer = &look.scenario.producers[usize::from(line.record.producer.0)];
            let acks_all = producer.config.acks == -1;
            let Some(tp) = line.tp().filter(|_| acks_all && look.sequences_hold(line.record.producer)) else {
                continue;
            };
            let Some(leader) = look.final_leader(tp).filter(|_| look.story(tp).assumptions.hold()) else {
                continue;
            };
            let retired = (0..leader.it.log().start_offset()).contains(&line.offset);
            let log = logs.entry(tp).or_insert_with(|| records_of(&leader));
            if !retired && !log.contains_key(&line.record) {
                let seen = format!(
                    "{} was acknowledged at offset {} and is lost",
                    look.names.record(line.record),
                    line.offset
                );
                found.report(
                    look,
                    Invariant::V15,
                    leader.place(),
                    seen,
                    "it to be in the final leader's log",
                );
            }
        }
    }
}
