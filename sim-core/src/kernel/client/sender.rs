//! The sender's thread: its polls, its sleeps, and the callbacks that it runs.

use super::thread::Call;
use super::{Callbacks, Client, SenderThread, Wake};
use crate::producer::{Outcome, Producer, ThreadIx, Turn};
use crate::record::{NO_OFFSET, RecordId};
use crate::time::{Span, Time};
use crate::trace::{Cx, Event, Observer};
use crate::verdict::Ledger;

impl Client {
    /// The sender's thread goes on: its poll, its sleep or its callback is over.
    pub(in crate::kernel) fn sender_due<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ledger: &mut Ledger) {
        if !self.sender_clock.rings(cx.now) || self.producer.is_none() {
            self.wakes.extend(self.sender_clock.lacks().map(Wake::Sender));
            return;
        }
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
    pub(super) fn run_sender<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ledger: &mut Ledger) {
        loop {
            if self.callbacks.is_some() && !self.run_callbacks(cx, ledger) {
                self.connect_and_close();
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

    /// A callback holds the thread up: connections are started and closed all the same, what is to be written waits.
    fn connect_and_close(&mut self) {
        if let Some(producer) = &mut self.producer {
            producer.take_connects_and_closes(&mut self.actions);
        }
    }

    pub(super) fn sender_sleeps(&mut self, until: Time) {
        self.sender = SenderThread::Sleeping;
        self.sender_wakes_at(until);
    }

    pub(super) fn sender_wakes_at(&mut self, at: Time) {
        self.wakes.extend(self.sender_clock.set(at).map(Wake::Sender));
    }

    /// Whether somebody has woken the sender since its last poll ended.
    pub(super) fn is_woken(&mut self) -> bool {
        self.woken |= self.producer.as_mut().is_some_and(Producer::take_wakeup);
        self.woken
    }

    /// Ends the poll at once if something has arrived or somebody woke the sender.
    pub(super) fn wake_sender(&mut self, now: Time) {
        if self.sender != SenderThread::Polling || self.sender_clock.due() == now {
            return;
        }
        if self.is_woken() || self.producer.as_ref().is_some_and(Producer::has_arrivals) {
            self.sender_wakes_at(now);
        }
    }

    /// Runs the callbacks of the current batch; false if the thread is held up in one of them.
    pub(super) fn run_callbacks<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ledger: &mut Ledger) -> bool {
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
    pub(super) fn call_back<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
        index: u32,
        place: u32,
    ) {
        let Some(Callbacks { completion, .. }) = &self.callbacks else { return };
        let (producer, batch, tp, cause) = (self.ix, completion.batch, completion.tp, completion.cause);
        let record = RecordId { producer, index };
        // Kafka runs such a callback again when the batch is aborted; it tells the application nothing new.
        if let Some(at) = self.told_early.iter().position(|&told| told == index) {
            self.told_early.swap_remove(at);
            return;
        }
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
    pub(super) fn send_from_callback<O: Observer>(
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
    pub(super) fn callback_call_returns<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ledger: &mut Ledger,
    ) -> bool {
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
}

/// How often a record has been sent again so far.
pub(super) fn resends(ledger: &Ledger, record: RecordId) -> u32 {
    ledger.line(record).map_or(0, |line| line.resends)
}
