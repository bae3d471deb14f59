//! V24: whatever its callback said, a batch stands in a log at most as often as it was sent.

use std::collections::BTreeMap;

use super::look::Look;
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::record::BatchId;
use crate::trace::Event;

/// How often each batch was taken for a request.
#[derive(Default)]
pub(super) struct Copies {
    drained: BTreeMap<BatchId, u32>,
}

impl Checker for Copies {
    fn step(&mut self, _: &Look<'_>, step: &Step<'_>, _: &mut Found) {
        for (_, event) in step.events {
            if let Event::BatchDrained { batch, .. } = *event {
                *self.drained.entry(batch).or_default() += 1;
            }
        }
    }

    fn end(&mut self, look: &Look<'_>, found: &mut Found) {
        for (tp, _) in look.controller.partitions() {
            let Some(leader) = look.final_leader(tp) else { continue };
            let mut copies: BTreeMap<BatchId, u32> = BTreeMap::new();
            for stored in leader.it.log().batches() {
                *copies.entry(stored.batch.batch).or_default() += 1;
            }
            for (batch, copies) in copies {
                let sent = self.drained.get(&batch).copied().unwrap_or(0);
                if copies > sent {
                    let seen = format!(
                        "batch {} stands there {copies} times, sent {sent} times",
                        look.names.batch(batch)
                    );
                    found.report(look, Invariant::V24, leader.place(), seen, "no more copies than attempts");
                }
            }
        }
    }
}
