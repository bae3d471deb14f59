//! Asking for a producer id, which goes before everything else (`producer.md 4.1` A, `5.1`).

use super::idempotence::{Asks, ControlRequest};
use super::network_client::Purpose;
use super::{Phase, Sender, Then, TransactionManager};
use crate::protocol::Request;
use crate::record::BrokerId;
use crate::time::Span;
use crate::trace::{Cx, Observer, Seq};

/// `NetworkClientUtils.awaitReady`: polls until the connection to ask on can be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Await {
    node: BrokerId,
    since_ms: i64,
    request: ControlRequest,
    /// Whether only the first poll, which does not sleep, is over.
    is_first: bool,
}

/// What the sender does when it has slept outside `poll`.
#[derive(Clone, Copy, Debug)]
pub(super) enum AfterSleep {
    /// Ask this broker for an id.
    Ask(BrokerId, ControlRequest),
    /// Ask some broker again, and for metadata too.
    AskAgain(ControlRequest),
}

impl Sender {
    /// One pass of the loop up to its poll (`runOnce`).
    pub(super) fn run_once<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        if let Some(transactions) = &mut self.transactions {
            transactions.maybe_resolve_sequences();
            if transactions.has_fatal_error() {
                self.end_batches_of_fatal_error();
                return;
            }
            if let Some(error) = transactions.abortable_error() {
                transactions.start_over();
                self.abort_batches(error, Seq::OUTSIDE);
                return;
            }
            transactions.bump_epoch_and_ask_for_id(cx, &mut self.accumulator.batches);
            if self.control_request(cx) {
                return;
            }
        }
        self.send_producer_data(cx);
    }

    fn end_batches_of_fatal_error(&mut self) {
        if let Some(error) = self.transactions.as_ref().and_then(TransactionManager::last_error) {
            self.abort_batches(error, Seq::OUTSIDE);
        }
        self.phase = Phase::Fatal;
    }

    /// Sends the request for a producer id if there is one, or waits for its answer; whether that is all of this pass
    /// (`maybeSendAndPollTransactionalRequest`; before 2.5 `maybeWaitForProducerId`).
    fn control_request<O: Observer>(&mut self, cx: &mut Cx<'_, O>) -> bool {
        let Some(transactions) = &mut self.transactions else { return false };
        let is_new = self.config.release.at_least(2, 5);
        let backoff_ms = self.config.retry_backoff_ms;
        if transactions.in_flight {
            let timeout_ms = if is_new { backoff_ms } else { i64::MAX };
            self.poll(cx, timeout_ms, Seq::OUTSIDE, Then::Top);
            return true;
        }
        let Some(request) = transactions.next_request() else { return false };
        if std::mem::take(&mut transactions.backs_off) {
            self.sleep(cx, AfterSleep::AskAgain(request));
            return true;
        }
        let now_ms = cx.now.millis();
        match self.client.least_loaded(cx.chance, &self.metadata, now_ms).node {
            Some(node) => {
                let waiting = Await { node, since_ms: now_ms, request, is_first: true };
                self.poll(cx, 0, request.cause, Then::Await(waiting));
            }
            None if is_new => {
                self.ask_later(request);
                self.poll(cx, backoff_ms, request.cause, Then::Top);
            }
            None => self.sleep(cx, AfterSleep::AskAgain(request)),
        }
        true
    }

    fn ask_later(&mut self, request: ControlRequest) {
        if let Some(transactions) = &mut self.transactions {
            transactions.enqueue(ControlRequest { is_retry: true, ..request });
        }
    }

    /// After each poll of the wait.
    pub(super) fn await_ready<O: Observer>(&mut self, cx: &mut Cx<'_, O>, waiting: Await) {
        let Await { node, since_ms, request, is_first } = waiting;
        let now_ms = cx.now.millis();
        let (client, metadata) = (&mut self.client, &mut self.metadata);
        if is_first && client.ready(cx, metadata, node, now_ms, request.cause) {
            self.node_is_ready(cx, node, request);
            return;
        }
        if self.client.is_ready(cx.chance, &mut self.metadata, node, now_ms) {
            self.node_is_ready(cx, node, request);
            return;
        }
        let left_ms = self.config.request_timeout_ms - (now_ms - since_ms);
        if left_ms <= 0 || self.client.connection_failed(node) {
            self.sleep(cx, AfterSleep::AskAgain(request));
            return;
        }
        let timeout_ms = left_ms.min(self.connection_delay_ms(node, since_ms));
        self.poll(cx, timeout_ms, request.cause, Then::Await(Await { is_first: false, ..waiting }));
    }

    /// How long a poll of the wait sleeps at most: from 3.9 on the connection's set-up timeout cuts it.
    fn connection_delay_ms(&self, node: BrokerId, since_ms: i64) -> i64 {
        if !self.config.release.at_least(3, 9) {
            return i64::MAX;
        }
        match self.client.poll_delay_ms(node, since_ms) {
            0 => i64::MAX,
            delay_ms => delay_ms,
        }
    }

    fn node_is_ready<O: Observer>(&mut self, cx: &mut Cx<'_, O>, node: BrokerId, request: ControlRequest) {
        if request.is_retry && self.config.release.at_least(2, 5) {
            self.sleep(cx, AfterSleep::Ask(node, request));
        } else {
            self.ask(cx, node, request);
        }
    }

    fn ask<O: Observer>(&mut self, cx: &mut Cx<'_, O>, node: BrokerId, request: ControlRequest) {
        if request.asks == Asks::FindCoordinator {
            return;
        }
        let now_ms = cx.now.millis();
        self.client.send(node, Request::InitProducerId, Purpose::InitProducerId, true, now_ms, request.cause);
        if let Some(transactions) = &mut self.transactions {
            transactions.in_flight = true;
        }
        let is_new = self.config.release.at_least(2, 5);
        let timeout_ms = if is_new { self.config.retry_backoff_ms } else { i64::MAX };
        self.poll(cx, timeout_ms, request.cause, Then::Top);
    }

    fn sleep<O: Observer>(&mut self, cx: &mut Cx<'_, O>, then: AfterSleep) {
        let until = cx.now + Span::from_millis(self.config.retry_backoff_ms);
        self.phase = Phase::Sleeping(until, then);
    }

    pub(super) fn after_sleep<O: Observer>(&mut self, cx: &mut Cx<'_, O>, then: AfterSleep) {
        match then {
            AfterSleep::Ask(node, request) => self.ask(cx, node, request),
            AfterSleep::AskAgain(request) => {
                self.metadata.request_update(request.cause);
                self.ask_later(request);
            }
        }
    }
}
