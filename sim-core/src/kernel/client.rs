//! One client process: the application's threads and the sender's thread around a [`Producer`].
//!
//! The kernel tells it what is due (a stream's next record, the end of a poll or of a wait) and what has arrived; it keeps
//! the ledger and says when it wants to be woken next. Threads take turns as `tests/real-client/FORMAT.md` says: blocked `send()`
//! calls go on first, then streams that waited for a result.

use crate::application::StreamState;
use crate::producer::{Completion, FlushId, Outcome, Producer, Sending, ThreadIx, Turn};
use crate::protocol::{Arrival, ClientAction, Exception};
use crate::record::{BrokerId, NO_OFFSET, ProducerIx, RecordId};
use crate::time::{Span, Time};
use crate::trace::hash::{mix, text_hash};
use crate::trace::{Cx, Event, Observer, OrMinusOne, Seq};
use crate::verdict::{Ledger, Told};

use super::queue::{Class, Order};
use super::thread::{Call, Thread};

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
pub(super) enum Wake {
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
    /// When the sender's thread goes on; the kernel's earlier or later events for it are stale.
    sender_due: Time,
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
    /// Records sent whose result the application has not been told.
    unsettled: u64,
    wakes: Vec<Wake>,
    actions: Vec<ClientAction>,
}

impl Client {
    /// A client whose process starts now.
    pub(super) fn new(
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
            sender_due: Time::NEVER,
            woken: false,
            callbacks: None,
            callback_call: None,
            callback_time,
            keep_content,
            key_class,
            flushes: Vec::new(),
            closing: None,
            unsettled: 0,
            wakes: Vec::new(),
            actions: Vec::new(),
        };
        client.sender_sleeps(Time::ZERO);
        for at in 0..client.threads.len() {
            client.alarm(at);
        }
        client
    }

    /// What the kernel is to schedule since it last asked.
    pub(super) fn drain_wakes(&mut self) -> impl Iterator<Item = Wake> + '_ {
        self.wakes.drain(..)
    }

    /// What the selector is to do, into an empty list.
    pub(super) fn take_actions(&mut self, into: &mut Vec<ClientAction>) {
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
    pub(super) fn stream_of(&self, index: u32) -> usize {
        self.owner(index).0
    }

    /// Something has come to this machine for the connection to `node`.
    pub(super) fn arrive(&mut self, now: Time, node: BrokerId, arrival: Arrival, cause: Seq) {
        if let Some(producer) = &mut self.producer {
            producer.arrive(node, arrival, cause);
            self.wake_sender(now);
        }
    }

    /// An application thread's time has come: its next record is due, or its wait inside `send()` is over.
    pub(super) fn thread_due<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
        at: u32,
        horizon: Order,
    ) {
        let at = at as usize;
        if self.producer.is_none() || self.threads[at].alarm != cx.now {
            return;
        }
        self.threads[at].alarm = Time::NEVER;
        self.go_on(cx, ledger, at, horizon);
        self.wake_sender(cx.now);
    }

    /// The sender's thread goes on: its poll, its sleep or its callback is over.
    pub(super) fn sender_due<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ledger: &mut Ledger) {
        if self.sender_due != cx.now || self.producer.is_none() {
            return;
        }
        self.sender_due = Time::NEVER;
        if self.sender == SenderThread::InBlockedCallback && !self.callback_call_returns(cx, ledger) {
            return;
        }
        if self.sender == SenderThread::Polling
            && let Some(producer) = &mut self.producer
        {
            self.woken = false;
            producer.poll_ends(cx);
        }
        self.run_sender(cx, ledger);
    }

    /// Pulls one turn after the other until the thread sleeps.
    fn run_sender<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ledger: &mut Ledger) {
        loop {
            if self.callbacks.is_some() && !self.run_callbacks(cx, ledger) {
                return;
            }
            let Some(producer) = &mut self.producer else { return };
            match producer.next(cx) {
                Turn::Callbacks(completion) => self.callbacks = Some(Callbacks { completion, next: 0 }),
                Turn::Application => self.application_acts(cx, ledger),
                Turn::Poll { until, .. } => {
                    producer.take_actions(&mut self.actions);
                    self.sender = SenderThread::Polling;
                    self.sender_wakes_at(until);
                    self.wake_sender(cx.now);
                    return;
                }
                Turn::Sleep { until } => {
                    producer.take_actions(&mut self.actions);
                    self.sender_sleeps(until);
                    return;
                }
                Turn::Ended => {
                    producer.take_actions(&mut self.actions);
                    self.sender = SenderThread::Gone;
                    self.close_returns(cx);
                    self.application_acts(cx, ledger);
                    return;
                }
            }
        }
    }

    fn sender_sleeps(&mut self, until: Time) {
        self.sender = SenderThread::Sleeping;
        self.sender_wakes_at(until);
    }

    fn sender_wakes_at(&mut self, at: Time) {
        self.sender_due = at;
        if at != Time::NEVER {
            self.wakes.push(Wake::Sender(at));
        }
    }

    /// Whether somebody has woken the sender since its last poll ended.
    fn is_woken(&mut self) -> bool {
        self.woken |= self.producer.as_mut().is_some_and(Producer::take_wakeup);
        self.woken
    }

    /// Ends the poll at once if something has arrived or somebody woke the sender.
    fn wake_sender(&mut self, now: Time) {
        if self.sender != SenderThread::Polling || self.sender_due == now {
            return;
        }
        if self.is_woken() || self.producer.as_ref().is_some_and(Producer::has_arrivals) {
            self.sender_wakes_at(now);
        }
    }

    /// Runs the callbacks of the current batch; false if the thread is held up in one of them.
    fn run_callbacks<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ledger: &mut Ledger) -> bool {
        while let Some(callbacks) = &mut self.callbacks {
            let Some(index) = callbacks.completion.records.get(callbacks.next) else {
                self.callbacks = None;
                break;
            };
            let place = callbacks.next;
            callbacks.next += 1;
            self.call_back(cx, ledger, index, place);
            if self.sender == SenderThread::InBlockedCallback {
                return false;
            }
            if self.callback_time > Span::ZERO {
                self.sender_sleeps(cx.now + self.callback_time);
                return false;
            }
            if cx.interrupted() {
                self.sender_sleeps(cx.now);
                return false;
            }
        }
        true
    }

    /// One record's callback, at this place of its batch.
    fn call_back<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ledger: &mut Ledger, index: u32, place: u32) {
        let Some(Callbacks { completion, .. }) = &self.callbacks else { return };
        let (producer, batch, tp, cause) = (self.ix, completion.batch, completion.tp, completion.cause);
        let record = RecordId { producer, index };
        let (topic, partition, attempts) = (tp.topic, tp.partition, completion.attempts);
        self.unsettled -= 1;
        let error = match &completion.outcome {
            Outcome::Acknowledged { base_offset } => {
                let offset =
                    if *base_offset == NO_OFFSET { NO_OFFSET } else { base_offset + i64::from(place) };
                ledger.acknowledged(record, offset, cx.now, attempts);
                let seq = cx.emit(cause, || Event::Acknowledged {
                    producer,
                    record,
                    batch,
                    topic,
                    partition,
                    offset,
                });
                self.result(index, seq);
                return;
            }
            Outcome::Unconfirmed => {
                ledger.unconfirmed(record, cx.now, attempts);
                let seq = cx.emit(cause, || Event::Unconfirmed {
                    producer,
                    record,
                    batch,
                    topic,
                    partition,
                    offset: NO_OFFSET,
                });
                self.result(index, seq);
                return;
            }
            Outcome::Failed(error) => *error,
            Outcome::FailedEach(errors) => errors[place as usize],
        };
        ledger.failed(record, error, cx.now, attempts);
        let seq = cx.emit(cause, || Event::Failed { producer, record, batch, topic, partition, error });
        let (at, number) = self.owner(index);
        let attempt = resends(ledger, record) + 1;
        if !self.threads[at].resends(attempt) {
            self.result(index, seq);
            return;
        }
        let call = Call { number, record: index, attempt, cause: seq };
        if self.threads[at].waits_for_results() {
            self.result(index, seq);
            self.threads[at].send_again(call);
        } else {
            self.send_from_callback(cx, ledger, at, call);
        }
    }

    /// The application's callback sends the record again, on the sender's thread.
    fn send_from_callback<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
        at: usize,
        call: Call,
    ) {
        let thread = ThreadIx(self.threads.len() as u32);
        if self.call_send(cx, ledger, at, thread, call) {
            return;
        }
        self.callback_call = Some((at as u16, call));
        self.sender = SenderThread::InBlockedCallback;
        let until = self.producer.as_ref().and_then(|producer| producer.blocked_deadline(thread));
        self.sender_wakes_at(until.unwrap_or(Time::NEVER));
    }

    /// The `send()` of a callback looks again; whether it has returned.
    fn callback_call_returns<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ledger: &mut Ledger) -> bool {
        let Some((at, call)) = self.callback_call.take() else { return true };
        let thread = ThreadIx(self.threads.len() as u32);
        if self.call_resume(cx, ledger, usize::from(at), thread, call) {
            return true;
        }
        self.callback_call = Some((at, call));
        let until = self.producer.as_ref().and_then(|producer| producer.blocked_deadline(thread));
        self.sender_wakes_at(until.unwrap_or(Time::NEVER));
        false
    }

    /// Tells the stream of a record that it has its result.
    fn result(&mut self, index: u32, cause: Seq) {
        let (at, _) = self.owner(index);
        self.threads[at].result(cause);
    }

    fn owner(&self, index: u32) -> (usize, u32) {
        match self.owners.get(index as usize) {
            Some(&(at, number)) => (usize::from(at), number),
            None => (0, index),
        }
    }

    /// What the application does because of callbacks, freed memory or new metadata: blocked `send()` calls first, then
    /// the streams that have become free, in the order of the file.
    fn application_acts<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ledger: &mut Ledger) {
        let here = Order::fixed(cx.now, Class::Fault, 0);
        let mut again = true;
        while again {
            again = false;
            for at in 0..self.threads.len() {
                let Some(producer) = &self.producer else { return };
                let thread = ThreadIx(at as u32);
                if self.threads[at].blocked.is_some()
                    && producer.may_resume(cx.now, thread)
                    && self.unblock(cx, ledger, at)
                {
                    // What has queued up behind the call goes on with it.
                    self.go_on(cx, ledger, at, here);
                    again = true;
                }
            }
        }
        for at in 0..self.threads.len() {
            if self.threads[at].waits_for_results() || !self.threads[at].is_idle() {
                self.go_on(cx, ledger, at, here);
            }
        }
        self.flushes_return(cx);
    }

    fn unblock<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ledger: &mut Ledger, at: usize) -> bool {
        let Some((call, since)) = self.threads[at].blocked else { return false };
        if !self.call_resume(cx, ledger, at, ThreadIx(at as u32), call) {
            return false;
        }
        let record = RecordId { producer: self.ix, index: call.record };
        self.threads[at].blocked = None;
        ledger.returned(record, cx.now.since(since));
        true
    }

    /// Lets a thread send whatever is due, one record after the other, up to the next event of the run (`horizon`).
    /// Time passes inside this loop, so that a record is no event of the queue.
    fn go_on<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ledger: &mut Ledger, at: usize, horizon: Order) {
        if self.threads[at].blocked.is_some() && !self.unblock(cx, ledger, at) {
            self.alarm(at);
            return;
        }
        loop {
            if self.producer.is_none() || cx.interrupted() {
                break;
            }
            let Some(due) = self.threads[at].due(cx.chance) else { break };
            if due > cx.now {
                if self.is_woken() || Order::fixed(due, Class::Application, self.place(at)) >= horizon {
                    break;
                }
                cx.now = due;
            }
            let call = self.next_call(at);
            if !self.call_send(cx, ledger, at, ThreadIx(at as u32), call) {
                self.threads[at].blocked = Some((call, cx.now));
                break;
            }
        }
        self.alarm(at);
    }

    /// A stream's place among all applications of the run.
    pub(super) fn place(&self, at: usize) -> u32 {
        u32::from(self.ix.0) << 16 | at as u32
    }

    fn next_call(&mut self, at: usize) -> Call {
        if let Some(call) = self.threads[at].take_again() {
            return call;
        }
        let record = self.next_record;
        self.next_record += 1;
        let (number, cause) = self.threads[at].take_next();
        if self.threads.len() > 1 {
            self.owners.push((at as u16, number));
        }
        Call { number, record, attempt: 0, cause }
    }

    /// Calls `send()`; false if the calling thread waits in it.
    fn call_send<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
        at: usize,
        thread: ThreadIx,
        call: Call,
    ) -> bool {
        let Some(producer) = &mut self.producer else { return true };
        let record = RecordId { producer: self.ix, index: call.record };
        let stream = &mut self.threads[at].stream;
        stream.prepare(cx.chance, call.number);
        let topic = stream.topic();
        ledger.sent(record, topic, cx.now);
        self.unsettled += 1;
        if let Some(key) = stream.key_text() {
            ledger.keyed(record, mix(self.key_class, text_hash(key)));
        }
        let seq = cx.emit(call.cause, || Event::Send {
            producer: record.producer,
            record,
            topic,
            key: stream.key_text().map(Into::into),
            attempt: call.attempt,
        });
        self.threads[at].sent = seq;
        let outgoing = self.threads[at].stream.outgoing(record, self.keep_content, seq);
        let sending = producer.send(cx, thread, &outgoing);
        self.settle_call(cx, ledger, at, call, sending)
    }

    /// A waiting `send()` looks again; false if it goes on waiting.
    fn call_resume<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
        at: usize,
        thread: ThreadIx,
        call: Call,
    ) -> bool {
        let Some(producer) = &mut self.producer else { return true };
        let record = RecordId { producer: self.ix, index: call.record };
        self.threads[at].stream.prepare(cx.chance, call.number);
        let seq = self.threads[at].sent;
        let outgoing = self.threads[at].stream.outgoing(record, self.keep_content, seq);
        let sending = producer.resume(cx, thread, &outgoing);
        self.settle_call(cx, ledger, at, call, sending)
    }

    fn settle_call<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
        at: usize,
        call: Call,
        sending: Sending,
    ) -> bool {
        let record = RecordId { producer: self.ix, index: call.record };
        match sending {
            Sending::Blocked => return false,
            Sending::Appended { partition, thrown } => {
                ledger.appended(record, partition);
                if thrown.is_none() {
                    self.threads[at].opened();
                }
            }
            Sending::Rejected { error, thrown, partition } => {
                self.rejected(cx, ledger, at, call, error, thrown, partition);
            }
        }
        true
    }

    #[allow(clippy::too_many_arguments, reason = "a rejection is all of this")]
    fn rejected<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
        at: usize,
        call: Call,
        error: Exception,
        thrown: bool,
        partition: Option<u32>,
    ) {
        let record = RecordId { producer: self.ix, index: call.record };
        let topic = self.threads[at].stream.topic();
        ledger.rejected(record, partition, error, cx.now);
        self.unsettled -= 1;
        let seq = cx.emit(self.threads[at].sent, || Event::Rejected {
            producer: record.producer,
            record,
            topic,
            partition: OrMinusOne(partition),
            error,
            thrown,
        });
        let thread = &mut self.threads[at];
        if thread.waits_for_results() {
            thread.let_go(seq);
        }
        let attempt = call.attempt + 1;
        if !thrown && thread.resends(attempt) {
            thread.send_again(Call { attempt, cause: seq, ..call });
        }
    }

    /// Asks the kernel to look at a thread when its next record is due, or when its wait inside `send()` is over.
    fn alarm(&mut self, at: usize) {
        let thread = &mut self.threads[at];
        let when = if thread.blocked.is_some() {
            self.producer.as_ref().and_then(|producer| producer.blocked_deadline(ThreadIx(at as u32)))
        } else {
            thread.known_due()
        };
        let when = when.unwrap_or(Time::NEVER);
        if when != thread.alarm {
            thread.alarm = when;
            if when != Time::NEVER {
                self.wakes.push(Wake::Thread(at as u32, when));
            }
        }
    }
}

/// What is done to the process from outside.
impl Client {
    /// `flush()` is called on a thread of its own.
    pub(super) fn flush<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        let Some(producer) = &mut self.producer else { return };
        let ix = self.ix;
        let called = cx.emit(cause, || Event::Flush { producer: ix, state: "called" });
        self.flushes.push(producer.flush(called));
        self.flushes_return(cx);
        self.wake_sender(cx.now);
    }

    fn flushes_return<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        let (Some(producer), ix) = (&mut self.producer, self.ix) else { return };
        self.flushes.retain(|&flush| {
            let done = producer.flush_done(flush);
            if done {
                cx.emit(Seq::OUTSIDE, || Event::Flush { producer: ix, state: "returned" });
            }
            !done
        });
    }

    /// `close(timeout)` is called on a thread of its own; without a timeout it waits for everything. Returns when the
    /// kernel is to call [`Client::force_close`].
    pub(super) fn close<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        timeout: Option<Span>,
        cause: Seq,
    ) -> Option<Time> {
        let producer = self.producer.as_mut()?;
        let ix = self.ix;
        let called = cx.emit(cause, || Event::Close { producer: ix, state: "called" });
        if timeout == Some(Span::ZERO) {
            producer.force_close(called);
        } else {
            producer.initiate_close(called);
        }
        let force_at = timeout.map_or(Time::NEVER, |timeout| cx.now + timeout);
        self.closing = Some(Closing { force_at, called });
        self.wake_sender(cx.now);
        timeout.filter(|&timeout| timeout > Span::ZERO).map(|_| force_at)
    }

    /// The timeout of `close(timeout)` is over: what is left is given up.
    pub(super) fn force_close<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        let Some(closing) = self.closing.filter(|closing| closing.force_at <= cx.now) else { return };
        if let Some(producer) = &mut self.producer {
            producer.force_close(closing.called);
            self.wake_sender(cx.now);
        }
    }

    fn close_returns<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        if self.closing.take().is_some() {
            let ix = self.ix;
            cx.emit(Seq::OUTSIDE, || Event::Close { producer: ix, state: "returned" });
        }
    }

    /// The process dies: no callback runs any more, what has no result stays without one.
    pub(super) fn die(&mut self) {
        self.batches = self.producer.as_ref().map_or(self.batches, Producer::next_batch_number);
        self.producer = None;
        self.sender = SenderThread::Gone;
        self.sender_due = Time::NEVER;
        self.callbacks = None;
        self.callback_call = None;
        self.flushes.clear();
        self.closing = None;
        self.unsettled = 0;
        self.actions.clear();
        for thread in &mut self.threads {
            thread.die();
        }
    }

    /// The process starts again: it sends every record that had no success once more, in order, then the rest.
    pub(super) fn start_again(&mut self, now: Time, mut producer: Producer, ledger: &Ledger) {
        producer.number_batches_from(self.batches);
        self.producer = Some(producer);
        for index in 0..self.next_record {
            let record = RecordId { producer: self.ix, index };
            if !has_succeeded(ledger, record) {
                let (at, number) = self.owner(index);
                let attempt = resends(ledger, record) + 1;
                self.threads[at].send_again(Call { number, record: index, attempt, cause: Seq::OUTSIDE });
            }
        }
        self.sender_sleeps(now);
        for at in 0..self.threads.len() {
            self.threads[at].start_again(now);
            self.alarm(at);
        }
    }
}

/// How often a record has been sent again so far.
fn resends(ledger: &Ledger, record: RecordId) -> u32 {
    ledger.line(record).map_or(0, |line| line.resends)
}

/// Whether the application was told of success.
fn has_succeeded(ledger: &Ledger, record: RecordId) -> bool {
    ledger.line(record).is_some_and(|line| matches!(line.told, Told::Acknowledged | Told::Unconfirmed))
}
