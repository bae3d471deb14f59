//! `sendProducerData`: what is ready is drained, what took too long expires, requests are written (`producer.md 4.1` B).

use std::sync::Arc;

use super::network_client::Purpose;
use super::results::Task;
use super::{Phase, Sender, Then};
use crate::accumulator::{Drained, NextExpiry, ReadyCheck, ReadyNode, Taken};
use crate::protocol::{ProduceRequest, Request};
use crate::record::BrokerId;
use crate::trace::{Cx, Observer, Seq};

/// A pass, after its batches were drained.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    /// The instant that all of the pass goes by, in ms.
    now_ms: i64,
    drained: Vec<Drained>,
    poll_timeout_ms: i64,
    /// What the poll's timeout goes back to.
    cause: Seq,
}

/// The shortest of several waits, with what it goes back to.
struct Shortest {
    ms: i64,
    cause: Seq,
}

impl Shortest {
    fn or(self, ms: i64, cause: Seq) -> Shortest {
        if ms < self.ms { Shortest { ms, cause } } else { self }
    }
}

impl Sender {
    pub(super) fn send_producer_data<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        let now_ms = cx.now.millis();
        let mut check = std::mem::replace(&mut self.check, ReadyCheck::new());
        self.accumulator.ready(cx, self.metadata.cluster(), now_ms, &mut check);
        for &topic in &check.unknown_leader_topics {
            self.metadata.add(topic, now_ms, check.unknown_leader_cause);
            self.metadata.request_update(check.unknown_leader_cause);
        }
        let not_ready_ms = self.keep_nodes_that_take_requests(cx, &mut check, now_ms);
        let cluster = self.metadata.cluster();
        self.accumulator.rest(cluster, now_ms, &mut check);
        let mut drained = std::mem::take(&mut self.drained);
        self.accumulator.drain(cx, cluster, &check, now_ms, &mut self.transactions, &mut drained);
        self.take_into_flight(&drained);
        let next_expiry = self.expire(now_ms);
        let mut wait =
            Shortest { ms: check.next_check_ms, cause: check.next_cause }.or(not_ready_ms, Seq::OUTSIDE);
        if next_expiry.at_ms != i64::MAX {
            wait = wait.or(next_expiry.at_ms - now_ms, next_expiry.cause);
        }
        let poll_timeout_ms = if check.nodes.is_empty() { wait.ms.max(0) } else { 0 };
        self.check = check;
        self.phase = Phase::Produce(Pass { now_ms, drained, poll_timeout_ms, cause: wait.cause });
    }

    /// Drops the brokers that take no request now, starting to connect where that is allowed; how long until the first
    /// of them may, in ms.
    fn keep_nodes_that_take_requests<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        check: &mut ReadyCheck,
        now_ms: i64,
    ) -> i64 {
        let mut not_ready_ms = i64::MAX;
        check.nodes.retain(|&ReadyNode { node, cause, .. }| {
            let ready = self.client.ready(cx, &mut self.metadata, node, now_ms, cause);
            self.accumulator.saw_node(node, now_ms, ready);
            if !ready {
                not_ready_ms = not_ready_ms.min(self.client.poll_delay_ms(node, now_ms));
            }
            ready
        });
        not_ready_ms
    }

    fn take_into_flight(&mut self, drained: &[Drained]) {
        for &batch in drained.iter().flat_map(|drained| &drained.batches) {
            let tp = self.accumulator.batches[batch].tp;
            self.accumulator.batches[batch].on_wire = true;
            self.in_flight.add(tp, batch);
            if self.guarantees_order() {
                self.accumulator.mute(tp);
            }
        }
    }

    /// With one request in flight at a time, a partition is muted until its batch has an answer (`producer.md 3.9`).
    pub(super) fn guarantees_order(&self) -> bool {
        self.config.max_in_flight == 1
    }

    /// Lists what has expired, queued batches first; the earliest deadline of what has not.
    fn expire(&mut self, now_ms: i64) -> NextExpiry {
        let mut next = NextExpiry::none();
        let in_flight = match self.config.delivery_timeout_ms {
            Some(timeout) => self.in_flight.expired(&self.accumulator.batches, timeout, now_ms, &mut next),
            None => Vec::new(),
        };
        let queued = self.accumulator.expired_batches(now_ms, &mut next);
        self.tasks.extend(queued.into_iter().map(|batch| Task::Expire { batch, place: "queue" }));
        self.tasks.extend(in_flight.into_iter().map(|batch| Task::Expire { batch, place: "flight" }));
        next
    }

    /// One produce request a broker, then the poll.
    pub(super) fn write_requests<O: Observer>(&mut self, cx: &mut Cx<'_, O>, mut pass: Pass) {
        for Drained { node, batches } in pass.drained.drain(..) {
            if !batches.is_empty() {
                self.write_request(node, batches, pass.now_ms);
            }
        }
        self.drained = pass.drained;
        self.poll_as_of(cx, pass.poll_timeout_ms, pass.now_ms, pass.cause, Then::Top);
    }

    fn write_request(&mut self, node: BrokerId, mut batches: Taken, now_ms: i64) {
        batches.sort_unstable_by_key(|&batch| self.accumulator.batches[batch].tp);
        let cause =
            batches.first().map_or(Seq::OUTSIDE, |&first| self.accumulator.batches[first].marks.drained);
        for &batch in &batches {
            self.accumulator.batches[batch].writes += 1;
        }
        let sealed = batches.iter().filter_map(|&batch| self.accumulator.batches[batch].sealed().cloned());
        let request = Request::Produce(Arc::new(ProduceRequest {
            acks: self.config.acks,
            timeout_ms: i32::try_from(self.config.request_timeout_ms).unwrap_or(i32::MAX),
            batches: sealed.collect(),
        }));
        let expects_response = self.config.acks != 0;
        self.client.send(node, request, Purpose::Produce(batches), expects_response, now_ms, cause);
    }
}
