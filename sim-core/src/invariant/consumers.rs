//! V13: a consumer gets records in the order of the log, without a hole; no broker gives it anything above its high
//! watermark, or anything that its log has not.

use std::collections::BTreeMap;

use super::look::Look;
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::protocol::Response;
use crate::record::{ConsumerIx, TopicPartition};
use crate::trace::{Event, MessageBody, MessageEvent};

/// Where each consumer has to go on; nothing after an error or a check of its position, which may have made it seek.
#[derive(Default)]
pub(super) struct Consumers {
    next: BTreeMap<(ConsumerIx, TopicPartition), i64>,
}

impl Consumers {
    fn message(&mut self, look: &Look<'_>, message: &MessageEvent, found: &mut Found) {
        let Some(consumer) = message.ends.consumer else { return };
        if let MessageBody::Response(Response::OffsetsForLeaderEpoch(answer)) = &message.body {
            for end in &answer.partitions {
                self.next.remove(&(consumer, end.tp));
            }
        }
        let MessageBody::Response(Response::Fetch(answer)) = &message.body else { return };
        for fetched in &answer.partitions {
            if fetched.error.is_error() {
                self.next.remove(&(consumer, fetched.tp));
                continue;
            }
            let Some(replica) = look.running(message.ends.broker, fetched.tp).filter(|_| message.sent) else {
                continue;
            };
            let log = replica.it.log();
            for stored in fetched.batches.iter().filter(|stored| stored.base_offset >= log.start_offset()) {
                if stored.next_offset() > replica.it.high_watermark() {
                    let seen = format!(
                        "a consumer is given offset {} with the high watermark at {}",
                        stored.last_offset(),
                        replica.it.high_watermark()
                    );
                    found.report(look, Invariant::V13, replica.place(), seen, "nothing above it");
                }
                if log.batches_from(stored.base_offset).next() != Some(stored) {
                    let seen = format!("a consumer is given a batch at offset {}", stored.base_offset);
                    found.report(look, Invariant::V13, replica.place(), seen, "what the log has there");
                }
            }
        }
    }
}

impl Checker for Consumers {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for (_, event) in step.events {
            match *event {
                Event::Message(ref message) => self.message(look, message, found),
                Event::Consumed { consumer, broker, topic, partition, offset, .. } => {
                    let tp = TopicPartition { topic, partition };
                    let next = self.next.insert((consumer, tp), offset + 1);
                    if let Some(next) = next.filter(|&next| next != offset) {
                        let seen = format!("{} reads offset {offset}", look.names.consumer(consumer));
                        found.report(look, Invariant::V13, (broker, tp), seen, format!("offset {next}"));
                    }
                }
                _ => {}
            }
        }
    }
}
