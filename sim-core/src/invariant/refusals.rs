//! V10: after NOT_ENOUGH_REPLICAS nothing of that attempt is in the log.

use std::collections::{BTreeMap, BTreeSet};

use super::look::Look;
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::protocol::{ErrorCode, Request, Response};
use crate::record::BatchId;
use crate::scenario::Act;
use crate::trace::{Event, MessageBody, MessageEvent, Seq};

pub(super) struct Refusals {
    /// A fault may answer this error after the append: then it proves nothing.
    faked: bool,
    /// Requests with acks=all that have come to a broker, by the number of the message: the event.
    asked: BTreeMap<u64, Seq>,
    /// What was appended, with the request that made it so.
    appended: BTreeSet<(Seq, BatchId)>,
}

impl Refusals {
    pub(super) fn new(look: &Look<'_>) -> Refusals {
        let faked =
            look.scenario.faults.iter().any(|fault| matches!(fault.act, Act::Fail { append: true, .. }));
        Refusals { faked, asked: BTreeMap::new(), appended: BTreeSet::new() }
    }

    fn answered(&mut self, look: &Look<'_>, message: &MessageEvent, found: &mut Found) {
        let MessageBody::Response(Response::Produce(answer)) = &message.body else { return };
        let Some(asked) = message.request.and_then(|request| self.asked.remove(&request)) else { return };
        for result in &answer.partitions {
            let appended = self.appended.remove(&(asked, result.batch));
            if appended && result.error == ErrorCode::NotEnoughReplicas && !self.faked {
                let seen = format!("batch {} appended and refused", look.names.batch(result.batch));
                let place = (message.ends.broker, result.tp);
                found.report(look, Invariant::V10, place, seen, "no copy of a batch that is refused so");
            }
        }
    }
}

impl Checker for Refusals {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for (stamp, event) in step.events {
            match event {
                Event::Append { batch, .. } if self.asked.values().any(|&asked| asked == stamp.cause) => {
                    self.appended.insert((stamp.cause, *batch));
                }
                Event::Message(message) => match &message.body {
                    MessageBody::Request(Request::Produce(request)) if request.acks == -1 => {
                        self.asked.insert(message.message, stamp.seq);
                    }
                    _ => self.answered(look, message, found),
                },
                _ => {}
            }
        }
    }
}
