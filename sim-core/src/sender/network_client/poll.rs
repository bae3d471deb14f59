//! `poll`: how long it sleeps, and what its end brings, in Kafka's order (`producer.md 4.2`, `4.6`; `FORMAT.md`, the loop).

use super::{InFlightRequest, NetworkClient, Purpose, State};
use crate::protocol::{Arrival, ClientAction, Response};
use crate::record::BrokerId;
use crate::sender::metadata::Metadata;
use crate::time::{Span, Time};
use crate::trace::{Cx, Observer, Seq};

/// A request that is over (`ClientResponse`).
#[derive(Clone, Debug)]
pub(crate) struct ClientResponse {
    /// The request.
    pub(crate) request: InFlightRequest,
    /// How it ended.
    pub(crate) reply: Reply,
    /// The event that ended it.
    pub(crate) cause: Seq,
}

/// How a request ended.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// With an answer.
    Response(Response),
    /// None is due: it is written, under acks=0.
    Written,
    /// Its connection ended.
    Disconnected,
    /// Its connection was closed because a request on it, this one or an older one, took too long.
    TimedOut,
}

/// What the next poll has to know of the last one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastPoll {
    /// When it began.
    began: Time,
    /// Whether it wrote and read nothing and nobody woke it.
    idle: bool,
}

impl NetworkClient {
    /// Before the sleep: metadata is asked for if due, and the timeout is cut (`poll`, first half). In ms.
    pub(crate) fn begin_poll<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        metadata: &mut Metadata,
        timeout_ms: i64,
        now_ms: i64,
    ) -> i64 {
        let for_metadata = self.maybe_update(cx, metadata, now_ms);
        timeout_ms.min(for_metadata).min(self.config.request_timeout_ms).max(0)
    }

    /// When a poll with this timeout that begins now ends by itself; now, if it writes something or something waits to
    /// be read.
    pub(crate) fn poll_until(&mut self, now: Time, timeout_ms: i64, woken: bool) -> Time {
        let spins = timeout_ms == 0 && self.last_poll.idle && self.last_poll.began == now;
        self.last_poll = LastPoll { began: now, idle: false };
        let writes = self.actions.iter().any(|action| matches!(action, ClientAction::Write { .. }));
        if writes || woken || self.has_arrivals() {
            return now;
        }
        self.last_poll.idle = true;
        let sleep_ms = if spins {
            // Real time passes while a sender with work that it may not send polls in vain.
            1
        } else if self.has_request_of_age(now.millis(), self.config.request_timeout_ms) {
            // A request is late only when more than its timeout has passed, which a real select oversleeps into.
            timeout_ms.min(1)
        } else {
            timeout_ms
        };
        now + Span::from_millis(sleep_ms)
    }

    /// Whether a request without an answer was written exactly so long ago.
    fn has_request_of_age(&self, now_ms: i64, age_ms: i64) -> bool {
        self.connections
            .iter()
            .flat_map(|connection| &connection.in_flight)
            .any(|request| request.expects_response && now_ms - request.written_ms == age_ms)
    }

    /// After the sleep: what was written, what has arrived (at most one arrival a connection, brokers ascending), and
    /// what took too long (`poll`, second half). Lists the requests that are over, in the order in which their handlers
    /// run.
    pub(crate) fn end_poll<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        metadata: &mut Metadata,
        woken: bool,
        responses: &mut Vec<ClientResponse>,
    ) {
        let now_ms = cx.now.millis();
        let wrote = self.complete_sends(cx.now, responses);
        let mut arrivals = std::mem::take(&mut self.arrivals);
        self.read(cx.now, &mut arrivals);
        if wrote || woken || !arrivals.is_empty() {
            self.last_poll.idle = false;
        }
        let idle = self.oldest_idle_connection(cx.now);
        let (mut closed, mut opened) = (Vec::new(), Vec::new());
        for (node, arrival, cause) in arrivals.drain(..) {
            match arrival {
                Arrival::Response { correlation, response } => {
                    self.receive(cx, metadata, node, (correlation, response), cause, responses);
                }
                Arrival::Closed | Arrival::Refused => closed.push((node, cause)),
                Arrival::Opened => opened.push(node),
            }
        }
        self.arrivals = arrivals;
        for (node, cause) in closed {
            self.end_connection(cx, metadata, node, Reply::Disconnected, cause, responses);
        }
        if let Some(node) = idle
            && self.is_open(node)
        {
            self.actions.push(ClientAction::Close { node, by: "client", cause: Seq::OUTSIDE });
            self.end_connection(cx, metadata, node, Reply::Disconnected, Seq::OUTSIDE, responses);
        }
        for node in opened {
            self.opened(cx.chance, node);
        }
        self.close_what_took_too_long(cx, metadata, responses);
        if self.needs_rebootstrap(now_ms) {
            for node in metadata
                .cluster()
                .nodes
                .clone()
                .into_iter()
                .filter(|&node| self.is_open(node))
                .collect::<Vec<_>>()
            {
                self.actions.push(ClientAction::Close { node, by: "client", cause: Seq::OUTSIDE });
                self.end_connection(cx, metadata, node, Reply::Disconnected, Seq::OUTSIDE, responses);
            }
            self.rebootstrap(metadata, now_ms);
        }
    }

    /// Everything handed over is in the socket; a request that expects no answer is over.
    fn complete_sends(&mut self, now: Time, responses: &mut Vec<ClientResponse>) -> bool {
        let mut wrote = false;
        for connection in &mut self.connections {
            let unwritten = |request: &InFlightRequest| !request.written;
            if !connection.in_flight.back().is_some_and(unwritten) {
                continue;
            }
            wrote = true;
            connection.touch(now, &mut self.uses);
            for request in connection.in_flight.iter_mut().rev().take_while(|request| !request.written) {
                (request.written, request.written_ms) = (true, now.millis());
            }
            if connection.in_flight.back().is_some_and(|newest| !newest.expects_response)
                && let Some(request) = connection.in_flight.pop_back()
            {
                let cause = request.cause;
                responses.push(ClientResponse { request, reply: Reply::Written, cause });
            }
        }
        wrote
    }

    /// Takes what is read in this poll.
    fn read(&mut self, now: Time, read: &mut Vec<(BrokerId, Arrival, Seq)>) {
        for (node, connection) in (0..).map(BrokerId).zip(&mut self.connections) {
            if let Some((arrival, cause)) = connection.arrivals.pop_front() {
                connection.touch(now, &mut self.uses);
                read.push((node, arrival, cause));
            }
        }
    }

    fn receive<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        metadata: &mut Metadata,
        node: BrokerId,
        (correlation, response): (u64, Response),
        cause: Seq,
        responses: &mut Vec<ClientResponse>,
    ) {
        let now_ms = cx.now.millis();
        let Some(request) = self.connection_mut(node).in_flight.pop_front() else { return };
        debug_assert_eq!(request.correlation, correlation, "answers keep the order of their requests");
        if let Response::Produce(produce) = &response
            && produce.throttle_ms > 0
            && self.config.release.at_least(2, 0)
        {
            self.connection_mut(node).throttle(now_ms, i64::from(produce.throttle_ms));
        }
        match (&request.purpose, &response) {
            (&Purpose::Metadata(asked), Response::Metadata(answer)) => {
                self.metadata_answered(cx, metadata, answer, asked, now_ms, cause);
            }
            _ => responses.push(ClientResponse { request, reply: Reply::Response(response), cause }),
        }
    }

    fn is_open(&self, node: BrokerId) -> bool {
        self.connection(node)
            .is_some_and(|connection| matches!(connection.state, State::Connecting | State::Ready))
    }

    /// The connection is over, and so is every request on it, oldest first (`processDisconnection`).
    fn end_connection<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        metadata: &mut Metadata,
        node: BrokerId,
        reply: Reply,
        cause: Seq,
        responses: &mut Vec<ClientResponse>,
    ) {
        let now_ms = cx.now.millis();
        for request in self.disconnected(cx.chance, node, now_ms) {
            if matches!(request.purpose, Purpose::Metadata(_)) {
                self.metadata_failed(metadata, now_ms);
            } else {
                responses.push(ClientResponse { request, reply: reply.clone(), cause });
            }
        }
        self.metadata_after_disconnect(cx.chance, metadata, now_ms, cause);
    }

    /// Connections that are not made within their set-up timeout, then those with a late request, are closed. Nobody
    /// sets a timer for either: only the end of a poll shows them (`producer.md 4.4`, `4.6`).
    fn close_what_took_too_long<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        metadata: &mut Metadata,
        responses: &mut Vec<ClientResponse>,
    ) {
        let now_ms = cx.now.millis();
        let timeout_ms = self.config.request_timeout_ms;
        for at in 0..self.connections.len() {
            let connection = &self.connections[at];
            if connection.state == State::Connecting
                && now_ms - connection.last_attempt_ms > connection.setup_timeout_ms
            {
                self.close_late(cx, metadata, BrokerId(at as u32), Seq::OUTSIDE, responses);
            }
        }
        for at in 0..self.connections.len() {
            let late =
                self.connections[at].in_flight.iter().find(|request| request.age_ms(now_ms) > timeout_ms);
            if let Some(cause) = late.map(|request| request.cause) {
                self.close_late(cx, metadata, BrokerId(at as u32), cause, responses);
            }
        }
    }

    fn close_late<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        metadata: &mut Metadata,
        node: BrokerId,
        cause: Seq,
        responses: &mut Vec<ClientResponse>,
    ) {
        self.actions.push(ClientAction::Close { node, by: "request-timeout", cause });
        self.end_connection(cx, metadata, node, Reply::TimedOut, cause, responses);
    }

    /// The connection that has been quiet longest, if that is longer than `connections.max.idle.ms`; looked for no more
    /// often than one can get so old (`IdleExpiryManager`).
    fn oldest_idle_connection(&mut self, now: Time) -> Option<BrokerId> {
        let max_idle_ms = self.config.connections_max_idle_ms;
        if max_idle_ms < 0 || now <= self.next_idle_check {
            return None;
        }
        let open = (0..).map(BrokerId).zip(&self.connections).filter(|(node, _)| self.is_open(*node));
        let oldest = open
            .map(|(node, connection)| (connection.active_at, connection.last_use, node))
            .min_by_key(|&(_, last_use, _)| last_use);
        let since = oldest.map_or(now, |(active_at, ..)| active_at);
        self.next_idle_check = since + Span::from_millis(max_idle_ms);
        oldest.filter(|_| now > self.next_idle_check).map(|(.., node)| node)
    }
}
