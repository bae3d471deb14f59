//! The application's threads: what they send, and where they wait.

use super::thread::Call;
use super::{Client, Wake};
use crate::kernel::queue::{Class, Order};
use crate::producer::{Sending, ThreadIx};
use crate::protocol::Exception;
use crate::record::RecordId;
use crate::time::Time;
use crate::trace::hash::{mix, text_hash};
use crate::trace::{Cx, Event, Observer, OrMinusOne};
use crate::verdict::Ledger;

impl Client {
    /// An application thread's time has come: its next record is due, or its wait inside `send()` is over.
    pub(in crate::kernel) fn thread_due<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
        at: u32,
        horizon: Order,
    ) {
        let at = at as usize;
        let clock = &mut self.threads[at].clock;
        if !clock.rings(cx.now) || self.producer.is_none() {
            self.wakes.extend(clock.lacks().map(|when| Wake::Thread(at as u32, when)));
            return;
        }
        self.go_on(cx, ledger, at, horizon);
        self.wake_sender(cx.now);
    }

    /// What the application does because of callbacks, freed memory or new metadata: blocked `send()` calls first, then
    /// the streams that have become free, in the order of the file.
    pub(super) fn application_acts<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ledger: &mut Ledger) {
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

    pub(super) fn unblock<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
        at: usize,
    ) -> bool {
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
    pub(super) fn go_on<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
        at: usize,
        horizon: Order,
    ) {
        if self.threads[at].blocked.is_some() && !self.unblock(cx, ledger, at) {
            self.alarm(cx.now, at);
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
        self.alarm(cx.now, at);
    }

    /// A stream's place among all applications of the run.
    pub(in crate::kernel) fn place(&self, at: usize) -> u32 {
        u32::from(self.ix.0) << 16 | at as u32
    }

    pub(super) fn next_call(&mut self, at: usize) -> Call {
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
    pub(super) fn call_send<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
        at: usize,
        thread: ThreadIx,
        call: Call,
    ) -> bool {
        if self.producer.is_none() {
            return true;
        }
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
        self.hand_over(cx, ledger, at, thread, call)
    }

    /// A waiting `send()` looks again; false if it goes on waiting.
    pub(super) fn call_resume<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
        at: usize,
        thread: ThreadIx,
        call: Call,
    ) -> bool {
        self.threads[at].stream.prepare(cx.chance, call.number);
        self.hand_over(cx, ledger, at, thread, call)
    }

    /// Gives the stream's record, which stands ready, to the producer; false if the call waits there.
    fn hand_over<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
        at: usize,
        thread: ThreadIx,
        call: Call,
    ) -> bool {
        let Some(producer) = &mut self.producer else { return true };
        let record = RecordId { producer: self.ix, index: call.record };
        let caller = &self.threads[at];
        let outgoing = caller.stream.outgoing(record, self.keep_content, caller.sent);
        // For a thread that does not wait in `send()` this is the call of it.
        match producer.resume(cx, thread, &outgoing) {
            Sending::Blocked => return false,
            Sending::Appended { partition, thrown: Some(error) } if error.is_api_exception() => {
                self.told_early.push(call.record);
                self.rejected(cx, ledger, at, call, error, false, Some(partition));
            }
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
    pub(super) fn rejected<O: Observer>(
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

    /// Asks the kernel to look at a thread when its next record is due, or when its wait inside `send()` is over: at once if
    /// that has been long ago and only a fault in between has held it up.
    pub(super) fn alarm(&mut self, now: Time, at: usize) {
        let thread = &mut self.threads[at];
        let when = if thread.blocked.is_some() {
            self.producer.as_ref().and_then(|producer| producer.blocked_deadline(ThreadIx(at as u32)))
        } else {
            thread.known_due()
        };
        let lacking = thread.clock.set(when.unwrap_or(Time::NEVER).max(now));
        self.wakes.extend(lacking.map(|when| Wake::Thread(at as u32, when)));
    }
}
