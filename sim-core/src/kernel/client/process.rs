//! What is done to the process from outside: flush, close, death, a new start.

use super::sender::resends;
use super::thread::Call;
use super::{Client, Closing, SenderThread};
use crate::producer::Producer;
use crate::record::RecordId;
use crate::time::{Span, Time};
use crate::trace::{Cx, Event, Observer, Seq};
use crate::verdict::{Ledger, Told};

impl Client {
    /// `flush()` is called on a thread of its own.
    pub(in crate::kernel) fn flush<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        let Some(producer) = &mut self.producer else { return };
        let ix = self.ix;
        let called = cx.emit(cause, || Event::Flush { producer: ix, state: "called" });
        self.flushes.push(producer.flush(called));
        self.flushes_return(cx);
        self.wake_sender(cx.now);
    }

    pub(super) fn flushes_return<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
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
    pub(in crate::kernel) fn close<O: Observer>(
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
    pub(in crate::kernel) fn force_close<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        let Some(closing) = self.closing.filter(|closing| closing.force_at <= cx.now) else { return };
        if let Some(producer) = &mut self.producer {
            producer.force_close(closing.called);
            self.wake_sender(cx.now);
        }
    }

    pub(super) fn close_returns<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        if self.closing.take().is_some() {
            let ix = self.ix;
            cx.emit(Seq::OUTSIDE, || Event::Close { producer: ix, state: "returned" });
        }
    }

    /// The process dies: no callback runs any more, what has no result stays without one.
    pub(in crate::kernel) fn die(&mut self) {
        self.batches = self.producer.as_ref().map_or(self.batches, Producer::next_batch_number);
        self.producer = None;
        self.sender = SenderThread::Gone;
        self.sender_clock.set(Time::NEVER);
        self.callbacks = None;
        self.callback_call = None;
        self.flushes.clear();
        self.closing = None;
        self.unsettled = 0;
        self.told_early.clear();
        self.actions.clear();
        for thread in &mut self.threads {
            thread.die();
        }
    }

    /// The process starts again: it sends every record that had no success once more, in order, then the rest.
    pub(in crate::kernel) fn start_again(&mut self, now: Time, mut producer: Producer, ledger: &Ledger) {
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
            self.alarm(now, at);
        }
    }
}

/// Whether the application was told of success.
fn has_succeeded(ledger: &Ledger, record: RecordId) -> bool {
    ledger.line(record).is_some_and(|line| matches!(line.told, Told::Acknowledged | Told::Unconfirmed))
}
