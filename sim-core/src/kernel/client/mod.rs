//! One client process: the application's threads and the sender's thread around a [`Producer`].
//!
//! The kernel tells it what is due (a stream's next record, the end of a poll or of a wait) and what has arrived; it keeps
//! the ledger and says when it wants to be woken next. Threads take turns as `tests/real-client/FORMAT.md` says: blocked `send()`
//! calls go on first, then streams that waited for a result.

mod application;
mod clock;
mod process;
mod sender;
mod thread;

use crate::application::StreamState;
use crate::producer::{Completion, FlushId, Producer};
use crate::protocol::{Arrival, ClientAction};
use crate::record::{BrokerId, ProducerIx};
use crate::time::{Span, Time};
use crate::trace::Seq;
use clock::Clock;
use thread::{Call, Thread};

/// What the sender's thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SenderThread {
    /// In `poll`: something that arrives, a wake-up or time ends it.
    Polling,
    /// Only time ends it: asleep outside `poll`, in a slow callback, or at its very start.
    Sleeping,
    /// In a callback whose `send()` waits for memory or metadata.
    InBlockedCallback,
    /// The thread is no more.
    Gone,
}

/// Callbacks of one batch, some of which have run.
#[derive(Clone, Debug)]
struct Callbacks {
    completion: Completion,
    next: u32,
}

/// A call of `close(timeout)` that has not returned.
#[derive(Clone, Copy, Debug)]
struct Closing {
    force_at: Time,
    /// The `close` event.
    called: Seq,
}

/// What a client asks the kernel to schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) enum Wake {
    /// Look at this application thread then.
    Thread(u32, Time),
    /// The sender's thread goes on then.
    Sender(Time),
}

/// A client process.
#[derive(Clone, Debug)]
pub struct Client {
    ix: ProducerIx,
    producer: Option<Producer>,
    threads: Vec<Thread>,
    /// Which stream sent a record and as which of its own, where there is more than one stream.
    owners: Vec<(u16, u32)>,
    next_record: u32,
    /// How many batches earlier processes have created.
    batches: u32,
    sender: SenderThread,
    /// When the sender's thread goes on.
    sender_clock: Clock,
    /// Somebody has woken the sender: its poll, or the next one, ends at once.
    woken: bool,
    callbacks: Option<Callbacks>,
    /// A `send()` from a callback that waits.
    callback_call: Option<(u16, Call)>,
    callback_time: Span,
    keep_content: bool,
    /// Stands for the key serializer: equal texts that it makes other bytes of are other keys.
    key_class: u64,
    flushes: Vec<FlushId>,
    closing: Option<Closing>,
    /// Records in a batch whose callback `send()` itself has run (`producer.md 1`, step 9).
    told_early: Vec<u32>,
    /// Records sent whose result the application has not been told.
    unsettled: u64,
    wakes: Vec<Wake>,
    actions: Vec<ClientAction>,
}

impl Client {
    /// A client whose process starts now.
    pub(in crate::kernel) fn new(
        ix: ProducerIx,
        producer: Producer,
        streams: Vec<StreamState>,
        callback_time: Span,
        keep_content: bool,
        key_class: u64,
    ) -> Client {
        let mut client = Client {
            ix,
            producer: Some(producer),
            threads: streams.into_iter().map(Thread::new).collect(),
            owners: Vec::new(),
            next_record: 0,
            batches: 0,
            sender: SenderThread::Sleeping,
            sender_clock: Clock::new(),
            woken: false,
            callbacks: None,
            callback_call: None,
            callback_time,
            keep_content,
            key_class,
            flushes: Vec::new(),
            closing: None,
            told_early: Vec::new(),
            unsettled: 0,
            wakes: Vec::new(),
            actions: Vec::new(),
        };
        client.sender_sleeps(Time::ZERO);
        for at in 0..client.threads.len() {
            client.alarm(Time::ZERO, at);
        }
        client
    }

    /// What the kernel is to schedule since it last asked.
    pub(in crate::kernel) fn drain_wakes(&mut self) -> impl Iterator<Item = Wake> + '_ {
        self.wakes.drain(..)
    }

    /// What the selector is to do, into an empty list.
    pub(in crate::kernel) fn take_actions(&mut self, into: &mut Vec<ClientAction>) {
        std::mem::swap(&mut self.actions, into);
    }

    /// The producer, while its process lives.
    pub fn producer(&self) -> Option<&Producer> {
        self.producer.as_ref()
    }

    /// Whether every record that will be sent has been, and each has its result or has nobody left to tell.
    pub fn is_settled(&self) -> bool {
        self.producer.is_none()
            || (self.unsettled == 0 && self.callbacks.is_none() && self.threads.iter().all(Thread::is_done))
    }

    /// How many records the application has called `send()` for.
    pub fn sent(&self) -> u32 {
        self.next_record
    }

    /// Which stream has sent a record.
    pub(in crate::kernel) fn stream_of(&self, index: u32) -> usize {
        self.owner(index).0
    }

    /// Something has come to this machine for the connection to `node`.
    pub(in crate::kernel) fn arrive(&mut self, now: Time, node: BrokerId, arrival: Arrival, cause: Seq) {
        if let Some(producer) = &mut self.producer {
            producer.arrive(node, arrival, cause);
            self.wake_sender(now);
        }
    }

    /// Tells the stream of a record that it has its result.
    pub(super) fn result(&mut self, index: u32, cause: Seq) {
        let (at, _) = self.owner(index);
        self.threads[at].result(cause);
    }

    pub(super) fn owner(&self, index: u32) -> (usize, u32) {
        match self.owners.get(index as usize) {
            Some(&(at, number)) => (usize::from(at), number),
            None => (0, index),
        }
    }
}
