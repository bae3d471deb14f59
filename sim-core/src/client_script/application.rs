//! The application of a script: one thread that sends, and is held up where `send()` blocks.

use std::collections::{BTreeMap, VecDeque};

use super::scribe::Scribe;
use super::script::{ClusterSpec, RecordSpec, Then};
use super::timeline::Item;
use crate::producer::{Outcome, Outgoing, Producer, Sending, ThreadIx};
use crate::protocol::Exception;
use crate::record::{NO_OFFSET, ProducerIx, RecordId, TopicIx};
use crate::serializer::Payload;
use crate::time::Time;
use crate::trace::{Cx, Observer, Seq};

const THREAD: ThreadIx = ThreadIx(0);

/// The application: its thread, and what it does in callbacks.
#[derive(Clone, Debug)]
pub(super) struct Application<'s> {
    cluster: &'s ClusterSpec,
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
pub(super) struct Calls<'a, 'c, O> {
    pub(super) producer: &'a mut Producer,
    pub(super) scribe: &'a mut Scribe,
    pub(super) cx: Cx<'c, O>,
}

impl<'s> Application<'s> {
    pub(super) fn new(cluster: &'s ClusterSpec) -> Application<'s> {
        Application {
            cluster,
            queue: VecDeque::new(),
            continuations: BTreeMap::new(),
            blocked: None,
            sent: Vec::new(),
        }
    }

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
    pub(super) fn run<O: Observer>(&mut self, calls: &mut Calls<'_, '_, O>) {
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
                    let record = self.begins(item, calls.scribe);
                    (record, item, calls.producer.send(&mut calls.cx, THREAD, &outgoing(record, &item)))
                }
            };
            if sending == Sending::Blocked {
                self.blocked = Some((record, item));
                continue;
            }
            // A callback that send() runs itself. Of flush() and close() in such a one a script says nothing.
            let then = self.ends(calls.cx.now, record, sending, calls.scribe);
            if let Some(Then::Send { id, record }) = then
                && let Some(item) = self.item(*id, record)
            {
                self.queue.push_front(item);
            }
        }
    }

    /// A call of `send()` begins; the producer's number of the record.
    pub(super) fn begins(&mut self, item: Item<'s>, scribe: &mut Scribe) -> u32 {
        self.sent.push(Sent { item, thrown: false });
        scribe.sent(item.id)
    }

    /// A call of `send()` has ended; what the callback does, if it was run.
    pub(super) fn ends(
        &mut self,
        now: Time,
        record: u32,
        sending: Sending,
        scribe: &mut Scribe,
    ) -> Option<&'s Then> {
        let topic = self.sent[record as usize].item.topic;
        match sending {
            Sending::Blocked | Sending::Appended { thrown: None, .. } => None,
            // KafkaProducer gives an ApiException to the callback, also when the record is in a batch already.
            Sending::Appended { partition, thrown: Some(error) } if error.is_api_exception() => {
                self.calls_back(now, record, (topic, Some(partition)), Err(error), scribe)
            }
            Sending::Appended { thrown: Some(error), .. } | Sending::Rejected { error, thrown: true, .. } => {
                self.throws(now, record, error, scribe);
                None
            }
            Sending::Rejected { error, thrown: false, partition } => {
                self.calls_back(now, record, (topic, partition), Err(error), scribe)
            }
        }
    }

    /// The record that a callback sends.
    pub(super) fn item(&self, id: i64, record: &'s RecordSpec) -> Option<Item<'s>> {
        let (topic, _) = self.cluster.topic(&record.topic)?;
        Some(Item { id, topic, record, sync: None })
    }

    fn next(&mut self) -> Option<Item<'s>> {
        self.queue.pop_front().or_else(|| self.continuations.pop_first().map(|(_, item)| item))
    }

    /// The callback of a record; what it does.
    pub(super) fn calls_back(
        &mut self,
        now: Time,
        record: u32,
        place: (TopicIx, Option<u32>),
        result: Result<i64, Exception>,
        scribe: &mut Scribe,
    ) -> Option<&'s Then> {
        scribe.callback(now, record, place, result);
        let sent = self.sent[record as usize];
        if !sent.thrown {
            self.continuations.extend(sent.item.follower());
        }
        sent.item.record.then.as_ref()
    }

    /// `send()` throws.
    pub(super) fn throws(&mut self, now: Time, record: u32, error: Exception, scribe: &mut Scribe) {
        scribe.thrown(now, record, error);
        let sent = &mut self.sent[record as usize];
        sent.thrown = true;
        self.continuations.extend(sent.item.follower());
    }
}

/// What `send()` is called with.
pub(super) fn outgoing<'a>(record: u32, item: &Item<'a>) -> Outgoing<'a> {
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
pub(super) fn result(outcome: &Outcome, place: usize) -> Result<i64, Exception> {
    match outcome {
        Outcome::Acknowledged { base_offset: NO_OFFSET } | Outcome::Unconfirmed => Ok(NO_OFFSET),
        Outcome::Acknowledged { base_offset } => Ok(base_offset + place as i64),
        Outcome::Failed(error) => Err(*error),
        Outcome::FailedEach(errors) => Err(errors[place]),
    }
}
