//! `send()` that waits: for metadata, then for memory, `max.block.ms` for both (`producer.md 1.1`, `3.6`).

use std::sync::Arc;

use super::api::{Outgoing, Sending, ThreadIx};
use super::client::Producer;
use super::send::Prepared;
use crate::accumulator::TopicCluster;
use crate::accumulator::buffer_pool::WaiterId;
use crate::protocol::{ErrorCode, Exception};
use crate::record::RecordId;
use crate::time::{Span, Time};
use crate::trace::{Cx, Event, Observer, Seq};

/// A `send()` that waits.
#[derive(Clone, Debug)]
pub(super) struct Blocked {
    on: On,
    /// When it gives up.
    deadline: Time,
    /// The `send-blocked` event.
    cause: Seq,
}

/// What it waits for.
#[derive(Clone, Debug)]
enum On {
    /// An answer newer than this version; the wait began then, in ms.
    Metadata { version: u32, begun_ms: i64 },
    /// Memory for a new batch.
    Memory(Box<Memory>),
}

/// A wait for memory.
#[derive(Clone, Debug)]
struct Memory {
    waiter: WaiterId,
    size: u32,
    /// What changed in the pool up to the last look.
    seen: u64,
    prepared: Prepared,
    cluster: Arc<TopicCluster>,
}

impl Producer {
    /// Whether something has changed for the blocked `send()` of this thread, or its time is over.
    pub fn may_resume(&self, now: Time, thread: ThreadIx) -> bool {
        let Some((_, blocked)) = self.blocked.iter().find(|(other, _)| *other == thread) else {
            return false;
        };
        let changed = match &blocked.on {
            On::Metadata { version, .. } => {
                self.sender.metadata.version() > *version || self.sender.metadata.is_closed()
            }
            On::Memory(memory) => memory.seen != self.sender.accumulator.memory_version,
        };
        changed || blocked.deadline <= now
    }

    /// When the blocked `send()` of this thread gives up.
    pub fn blocked_deadline(&self, thread: ThreadIx) -> Option<Time> {
        self.blocked.iter().find(|(other, _)| *other == thread).map(|(_, blocked)| blocked.deadline)
    }

    /// The blocked `send()` of this thread looks again; `record` is the one that it was called with. A thread that does not
    /// wait calls it.
    pub fn resume<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        thread: ThreadIx,
        record: &Outgoing<'_>,
    ) -> Sending {
        let Some(at) = self.blocked.iter().position(|(other, _)| *other == thread) else {
            return self.send(cx, thread, record);
        };
        let (_, Blocked { on, deadline, cause }) = self.blocked.swap_remove(at);
        match on {
            On::Metadata { version, begun_ms } => {
                let blocked = Blocked { on: On::Metadata { version, begun_ms }, deadline, cause };
                self.resume_after_metadata(cx, thread, record, blocked, (version, begun_ms))
            }
            On::Memory(memory) => self.resume_after_memory(cx, thread, record, *memory, deadline, cause),
        }
    }

    /// Asks for metadata of the record's topic and waits for the answer (`waitOnMetadata`). `blocked` is the
    /// `send-blocked` event of a wait that goes on.
    pub(super) fn wait_on_metadata<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        thread: ThreadIx,
        record: &Outgoing<'_>,
        begun_ms: i64,
        blocked: Option<Seq>,
    ) -> Sending {
        let now_ms = cx.now.millis();
        let left_ms = self.config.max_block_ms - (now_ms - begun_ms);
        let cause = blocked.unwrap_or(record.cause);
        self.sender.metadata.add(record.topic, now_ms, cause);
        let version = self.sender.metadata.request_update_for(record.topic, cause);
        self.sender.wake();
        if left_ms <= 0 {
            return rejected(Exception::TimeoutException, false, record.partition);
        }
        let cause = blocked.unwrap_or_else(|| self.report_blocked(cx, record.id, "metadata", record.cause));
        let deadline = cx.now + Span::from_millis(left_ms);
        self.blocked.push((thread, Blocked { on: On::Metadata { version, begun_ms }, deadline, cause }));
        Sending::Blocked
    }

    fn resume_after_metadata<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        thread: ThreadIx,
        record: &Outgoing<'_>,
        blocked: Blocked,
        (version, begun_ms): (u32, i64),
    ) -> Sending {
        let metadata = &self.sender.metadata;
        if metadata.is_closed() {
            return rejected(Exception::KafkaException, true, record.partition);
        }
        let waited_ms = cx.now.millis() - begun_ms;
        if metadata.version() <= version && blocked.deadline > cx.now {
            self.blocked.push((thread, blocked));
            return Sending::Blocked;
        }
        if metadata.version() <= version || waited_ms >= self.config.max_block_ms {
            return rejected(Exception::TimeoutException, false, record.partition);
        }
        if let Some(error @ (ErrorCode::InvalidTopicException | ErrorCode::TopicAuthorizationFailed)) =
            metadata.error(record.topic)
        {
            let exception = error.exception().unwrap_or(Exception::KafkaException);
            return rejected(exception, false, record.partition);
        }
        if !self.knows(record) {
            return self.wait_on_metadata(cx, thread, record, begun_ms, Some(blocked.cause));
        }
        let cause = freed_by(self.sender.metadata.updated_by(), blocked.cause);
        self.send_with_metadata(cx, thread, record, waited_ms, cause)
    }

    /// Waits for memory; the budget is what the wait for metadata has left of `max.block.ms`.
    pub(super) fn wait_for_memory<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        thread: ThreadIx,
        (waiter, size): (WaiterId, u32),
        prepared: Prepared,
        cluster: Arc<TopicCluster>,
    ) -> Sending {
        let left_ms = (self.config.max_block_ms - prepared.waited_ms).max(0);
        if left_ms == 0 {
            self.sender.accumulator.pool.give_up(waiter);
            return rejected(Exception::BufferExhaustedException, false, prepared.chosen);
        }
        let record = RecordId { producer: self.ix, index: prepared.record.index };
        let cause = self.report_blocked(cx, record, "memory", prepared.cause);
        let accumulator = &mut self.sender.accumulator;
        accumulator.causes.exhausted = cause;
        let seen = accumulator.memory_version;
        let deadline = cx.now + Span::from_millis(left_ms);
        let on = On::Memory(Box::new(Memory { waiter, size, seen, prepared, cluster }));
        self.blocked.push((thread, Blocked { on, deadline, cause }));
        Sending::Blocked
    }

    fn resume_after_memory<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        thread: ThreadIx,
        record: &Outgoing<'_>,
        mut memory: Memory,
        deadline: Time,
        cause: Seq,
    ) -> Sending {
        let accumulator = &mut self.sender.accumulator;
        if accumulator.is_closed() {
            accumulator.pool.give_up(memory.waiter);
            return rejected(Exception::KafkaException, true, record.partition);
        }
        if accumulator.pool.poll_waiter(memory.waiter) {
            // One that has what it wants lets the next one look.
            accumulator.memory_version += 1;
            let freed = freed_by(accumulator.causes.freed, cause);
            memory.prepared.cause = freed;
            return self.append(cx, thread, &memory.cluster, memory.prepared, Some(memory.size));
        }
        if deadline <= cx.now {
            accumulator.pool.give_up(memory.waiter);
            accumulator.memory_version += 1;
            return rejected(Exception::BufferExhaustedException, false, memory.prepared.chosen);
        }
        memory.seen = accumulator.memory_version;
        self.blocked.push((thread, Blocked { on: On::Memory(Box::new(memory)), deadline, cause }));
        Sending::Blocked
    }

    fn report_blocked<O: Observer>(
        &self,
        cx: &mut Cx<'_, O>,
        record: RecordId,
        on: &'static str,
        cause: Seq,
    ) -> Seq {
        let producer = self.ix;
        cx.emit(cause, || Event::SendBlocked { producer, record, on })
    }
}

/// A wait that ended goes back to what ended it, if that was an event.
fn freed_by(event: Seq, blocked: Seq) -> Seq {
    if event == Seq::OUTSIDE { blocked } else { event }
}

/// A record that got into no batch.
pub(super) fn rejected(error: Exception, thrown: bool, partition: Option<u32>) -> Sending {
    Sending::Rejected { error, thrown, partition }
}
