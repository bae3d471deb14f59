//! The application of a script: one thread that sends, and is held up where `send()` blocks.

use std::collections::{BTreeMap, VecDeque};

use super::scribe::Scribe;
use super::timeline::Item;
use crate::producer::{Completion, Outcome, Outgoing, Producer, Sending, ThreadIx};
use crate::protocol::Exception;
use crate::record::{NO_OFFSET, ProducerIx, RecordId, TopicIx};
use crate::serializer::Payload;
use crate::time::Time;
use crate::trace::{Cx, Seq, Unobserved};

const THREAD: ThreadIx = ThreadIx(0);

/// The application's thread.
#[derive(Clone, Debug, Default)]
pub(super) struct Application<'s> {
    queue: VecDeque<Item<'s>>,
    /// Of each sync stream whose last record has completed, the next one.
    continuations: BTreeMap<usize, Item<'s>>,
    /// The record whose `send()` blocks.
    blocked: Option<(u32, Item<'s>)>,
    /// What was sent, by the producer's numbers.
    sent: Vec<Sent<'s>>,
}

#[derive(Clone, Copy, Debug)]
struct Sent<'s> {
    item: Item<'s>,
    /// `send()` threw: its sync stream has gone on, whatever becomes of the batch.
    thrown: bool,
}

/// What the thread has at hand.
pub(super) struct Calls<'a, 'c> {
    pub(super) producer: &'a mut Producer,
    pub(super) scribe: &'a mut Scribe,
    pub(super) cx: Cx<'c, Unobserved>,
}

impl<'s> Application<'s> {
    /// One more record to send, behind those that wait already.
    pub(super) fn enqueue(&mut self, item: Item<'s>) {
        self.queue.push_back(item);
    }

    /// When the `send()` that blocks gives up.
    pub(super) fn wakes_at(&self, producer: &Producer) -> Time {
        self.blocked.and_then(|_| producer.blocked_deadline(THREAD)).unwrap_or(Time::NEVER)
    }

    /// Runs until the thread has nothing more to do at this instant: the blocked `send()` first, then what has queued up,
    /// then sync streams in the order of their steps.
    pub(super) fn run(&mut self, calls: &mut Calls<'_, '_>) {
        loop {
            let (record, item, sending) = match self.blocked.take() {
                Some((record, item)) if calls.producer.may_resume(calls.cx.now, THREAD) => {
                    (record, item, calls.producer.resume(&mut calls.cx, THREAD, &outgoing(record, &item)))
                }
                Some(held_up) => {
                    self.blocked = Some(held_up);
                    return;
                }
                None => {
                    let Some(item) = self.next() else { return };
                    let record = calls.scribe.sent(item.id);
                    self.sent.push(Sent { item, thrown: false });
                    (record, item, calls.producer.send(&mut calls.cx, THREAD, &outgoing(record, &item)))
                }
            };
            match sending {
                Sending::Blocked => self.blocked = Some((record, item)),
                Sending::Appended { thrown: None, .. } => {}
                // KafkaProducer gives an ApiException to the callback, also when the record is in a batch already.
                Sending::Appended { partition, thrown: Some(error) } if error.is_api_exception() => {
                    let place = (item.topic, Some(partition));
                    self.call_back(calls.cx.now, record, place, Err(error), calls.scribe);
                }
                Sending::Appended { thrown: Some(error), .. }
                | Sending::Rejected { error, thrown: true, .. } => self.thrown(record, error, calls),
                Sending::Rejected { error, thrown: false, partition } => {
                    let place = (item.topic, partition);
                    self.call_back(calls.cx.now, record, place, Err(error), calls.scribe);
                }
            }
        }
    }

    fn next(&mut self) -> Option<Item<'s>> {
        self.queue.pop_front().or_else(|| self.continuations.pop_first().map(|(_, item)| item))
    }

    /// A batch's callbacks.
    pub(super) fn completed(&mut self, now: Time, completion: &Completion, scribe: &mut Scribe) {
        let place = (completion.tp.topic, Some(completion.tp.partition));
        for (at, record) in completion.records.iter().enumerate() {
            self.call_back(now, record, place, result(&completion.outcome, at), scribe);
        }
    }

    fn call_back(
        &mut self,
        now: Time,
        record: u32,
        place: (TopicIx, Option<u32>),
        result: Result<i64, Exception>,
        scribe: &mut Scribe,
    ) {
        scribe.callback(now, record, place, result);
        let sent = self.sent[record as usize];
        if !sent.thrown {
            self.continuations.extend(sent.item.follower());
        }
    }

    fn thrown(&mut self, record: u32, error: Exception, calls: &mut Calls<'_, '_>) {
        calls.scribe.thrown(calls.cx.now, record, error);
        let sent = &mut self.sent[record as usize];
        sent.thrown = true;
        self.continuations.extend(sent.item.follower());
    }
}

fn outgoing<'a>(record: u32, item: &Item<'a>) -> Outgoing<'a> {
    Outgoing {
        id: RecordId { producer: ProducerIx(0), index: record },
        topic: item.topic,
        partition: item.record.partition,
        key: item.record.key.as_deref().map_or(Payload::Null, Payload::Text),
        value: Payload::Opaque(item.record.value_bytes),
        headers: &[],
        keep_content: false,
        cause: Seq::OUTSIDE,
    }
}

/// What the callback of the record at this place of its batch is told: an offset, -1 where the client knows none.
fn result(outcome: &Outcome, place: usize) -> Result<i64, Exception> {
    match outcome {
        Outcome::Acknowledged { base_offset: NO_OFFSET } | Outcome::Unconfirmed => Ok(NO_OFFSET),
        Outcome::Acknowledged { base_offset } => Ok(base_offset + place as i64),
        Outcome::Failed(error) => Err(*error),
        Outcome::FailedEach(errors) => Err(errors[place]),
    }
}
