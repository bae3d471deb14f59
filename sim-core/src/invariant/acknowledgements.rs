//! V9: at the instant of an acks=all success the batch stands on the leader, every member of the maximal ISR has stored it,
//! there are `min.insync.replicas` of them, and the high watermark covers it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::high_watermark::lacking;
use super::look::{IsrSizes, Look, Replica};
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::protocol::{PartitionResult, ProduceRequest, Request, Response};
use crate::record::RecordBatch;
use crate::trace::{Event, MessageBody, MessageEvent};

/// Requests with acks=all that have come to a broker and have no answer yet, by the number of the message.
#[derive(Default)]
pub(super) struct Acknowledgements {
    asked: BTreeMap<u64, Arc<ProduceRequest>>,
    maximal_isrs: IsrSizes,
}

impl Checker for Acknowledgements {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for (_, event) in step.events {
            if let Event::Message(message) = event {
                self.message(look, message, found);
            }
        }
        self.maximal_isrs.note(look, step.touched, |leader| leader.maximal_isr().count());
    }
}

impl Acknowledgements {
    fn message(&mut self, look: &Look<'_>, message: &MessageEvent, found: &mut Found) {
        match &message.body {
            MessageBody::Request(Request::Produce(request)) if request.acks == -1 => {
                self.asked.insert(message.message, Arc::clone(request));
            }
            MessageBody::Response(Response::Produce(answer)) => {
                let asked = message.request.and_then(|request| self.asked.remove(&request));
                // A batch of several waits for the others after it is settled itself, and the ISR may change meanwhile.
                let alone = asked.as_ref().is_some_and(|asked| asked.batches.len() == 1);
                for (batch, result) in asked.iter().flat_map(|asked| &asked.batches).zip(&answer.partitions) {
                    let leader = look.running(message.ends.broker, result.tp).filter(Replica::leads);
                    if let Some(leader) = leader.filter(|_| !result.error.is_error()) {
                        let sizes = self.maximal_isrs.at(look, &leader, leader.maximal_isr().count());
                        check(look, &leader, batch, result, alone.then_some(sizes), found);
                    }
                }
            }
            _ => {}
        }
    }
}

fn check(
    look: &Look<'_>,
    leader: &Replica<'_>,
    batch: &RecordBatch,
    result: &PartitionResult,
    sizes: Option<(usize, usize)>,
    found: &mut Found,
) {
    let (from, to) = (result.base_offset, result.base_offset + i64::from(batch.records.len()));
    let log = leader.it.log();
    let mut report = |seen: String, expected: String| {
        let seen = format!("batch {} acknowledged at offset {from}, {seen}", look.names.batch(batch.batch));
        found.report(look, Invariant::V9, leader.place(), seen, expected);
    };
    let same = |stored: &RecordBatch| {
        stored.batch.producer == batch.batch.producer && stored.records == batch.records
    };
    if from >= log.start_offset() && look.sequences_hold(batch.batch.producer) {
        let there = log.batches_from(from).next();
        if !there.is_some_and(|stored| stored.base_offset == from && same(&stored.batch)) {
            report("where the leader has something else".to_owned(), "the batch".to_owned());
        }
    }
    if leader.it.high_watermark() < to {
        let seen = format!("the high watermark is {}", leader.it.high_watermark());
        report(seen, format!("{to} at least"));
    }
    if let Some((maximal, min_isr)) = sizes.filter(|&(maximal, min_isr)| maximal < min_isr) {
        report(format!("with {maximal} in the maximal ISR"), format!("{min_isr} at least"));
    }
    if let Some(member) = lacking(look, leader, to) {
        report(
            format!("which broker {member} has not stored"),
            "the whole maximal ISR to have it".to_owned(),
        );
    }
}
