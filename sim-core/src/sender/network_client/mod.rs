//! `NetworkClient`: connections, requests without an answer, and who may be sent to (`producer.md 4.2` to `4.6`).

mod connection;
mod poll;
mod updater;

use std::sync::Arc;

pub(crate) use connection::{InFlightRequest, Purpose, State};
pub(crate) use poll::{ClientResponse, Reply};

use super::metadata::Metadata;
use crate::backoff::ExponentialBackoff;
use crate::chance::{Chance, Stream};
use crate::config::ProducerConfig;
use crate::protocol::{Arrival, ClientAction, Request};
use crate::record::BrokerId;
use crate::time::{Span, Time};
use crate::trace::{Cx, Observer, Seq};
use connection::Connection;
use poll::LastPoll;

/// The streams that the client draws from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientStreams {
    /// Reconnect back-offs.
    pub(crate) reconnect_jitter: Stream,
    /// Connection set-up timeouts.
    pub(crate) setup_jitter: Stream,
    /// Where the search for the least loaded broker starts.
    pub(crate) least_loaded: Stream,
}

/// The client's side of the network.
#[derive(Clone, Debug)]
pub(crate) struct NetworkClient {
    config: Arc<ProducerConfig>,
    /// By broker id.
    connections: Vec<Connection>,
    reconnect_backoff: ExponentialBackoff,
    /// None before 2.7: an attempt to connect may take for ever.
    setup_timeout: Option<ExponentialBackoff>,
    streams: ClientStreams,
    next_correlation: u64,
    /// Whether a metadata request has no answer yet.
    metadata_in_progress: bool,
    /// Since when metadata is wanted in vain (4.0+).
    metadata_wanted_since_ms: Option<i64>,
    /// What the selector is to do when the next poll begins.
    actions: Vec<ClientAction>,
    /// What the poll that ends has read; empty between two.
    arrivals: Vec<(BrokerId, Arrival, Seq)>,
    last_poll: LastPoll,
    next_idle_check: Time,
    /// How often a connection was started, written to or read from.
    uses: u64,
}

/// The outcome of the search for the least loaded broker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeastLoaded {
    /// The broker, if any can be used or tried.
    pub(crate) node: Option<BrokerId>,
    /// Whether any connection is usable, even if no more fits on it.
    pub(crate) any_ready: bool,
}

impl NetworkClient {
    /// A client without connections.
    pub(crate) fn new(config: Arc<ProducerConfig>, streams: ClientStreams) -> NetworkClient {
        let setup = |timeout_ms| config.backoff(timeout_ms, config.connection_setup_timeout_max_ms);
        NetworkClient {
            connections: Vec::new(),
            reconnect_backoff: config.backoff(config.reconnect_backoff_ms, config.reconnect_backoff_max_ms),
            setup_timeout: config.connection_setup_timeout_ms.map(setup),
            streams,
            next_correlation: 0,
            metadata_in_progress: false,
            metadata_wanted_since_ms: None,
            actions: Vec::new(),
            arrivals: Vec::new(),
            last_poll: LastPoll::default(),
            next_idle_check: Time::ZERO + Span::from_millis(config.connections_max_idle_ms),
            uses: 0,
            config,
        }
    }

    /// A usable connection from before the run.
    pub(crate) fn warm(&mut self, node: BrokerId) {
        self.connection_mut(node).state = State::Ready;
    }

    /// What the selector is to do, appended in order.
    pub(crate) fn take_actions(&mut self, into: &mut Vec<ClientAction>) {
        into.append(&mut self.actions);
    }

    /// What does not wait for the next poll, appended in order: a connection is started and closed at once, only what is
    /// written to it waits.
    pub(crate) fn take_connects_and_closes(&mut self, into: &mut Vec<ClientAction>) {
        into.extend(self.actions.extract_if(.., |action| !matches!(action, ClientAction::Write { .. })));
    }

    /// Something has come to this machine. What belongs to a connection that the client has given up is dropped.
    pub(crate) fn arrive(&mut self, node: BrokerId, arrival: Arrival, cause: Seq) {
        let closing = self
            .actions
            .iter()
            .any(|action| matches!(action, ClientAction::Close { node: closed, .. } if *closed == node));
        let connection = self.connection_mut(node);
        if !closing && matches!(connection.state, State::Connecting | State::Ready) {
            connection.arrivals.push_back((arrival, cause));
        }
    }

    /// Whether anything waits to be read.
    pub(crate) fn has_arrivals(&self) -> bool {
        self.connections.iter().any(|connection| !connection.arrivals.is_empty())
    }

    /// How many requests have no answer yet.
    pub(crate) fn in_flight_count(&self) -> usize {
        self.connections.iter().map(|connection| connection.in_flight.len()).sum()
    }

    /// Whether the broker's connection failed or was closed, and is not being opened again.
    pub(crate) fn connection_failed(&self, node: BrokerId) -> bool {
        self.connection(node).is_some_and(|connection| connection.state == State::Disconnected)
    }

    /// How long until the broker can be of use, in ms, if nothing happens on the network.
    pub(crate) fn poll_delay_ms(&self, node: BrokerId, now_ms: i64) -> i64 {
        self.connection(node).map_or(0, |connection| connection.poll_delay_ms(now_ms))
    }

    /// Whether a request may be sent to the broker; not while metadata is due, which goes first (`isReady`).
    pub(crate) fn is_ready(
        &self,
        chance: &mut dyn Chance,
        metadata: &mut Metadata,
        node: BrokerId,
        now_ms: i64,
    ) -> bool {
        !self.is_update_due(chance, metadata, now_ms) && self.can_send(node, now_ms)
    }

    /// The same; a broker without a connection is connected to if that is allowed (`ready`).
    pub(crate) fn ready<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        metadata: &mut Metadata,
        node: BrokerId,
        now_ms: i64,
        cause: Seq,
    ) -> bool {
        if self.is_ready(cx.chance, metadata, node, now_ms) {
            return true;
        }
        if self.can_connect(node, now_ms) {
            self.initiate_connect(cx, node, now_ms, cause);
        }
        false
    }

    /// Hands a request over to be written when the next poll begins.
    pub(crate) fn send(
        &mut self,
        node: BrokerId,
        request: Request,
        purpose: Purpose,
        expects_response: bool,
        now_ms: i64,
        cause: Seq,
    ) -> u64 {
        let correlation = self.next_correlation;
        self.next_correlation += 1;
        self.connection_mut(node).in_flight.push_back(InFlightRequest {
            correlation,
            purpose,
            sent_ms: now_ms,
            throttle_ms: 0,
            expects_response,
            written: false,
            written_ms: now_ms,
            cause,
        });
        self.actions.push(ClientAction::Write { node, correlation, request, cause });
        correlation
    }

    /// Whether the broker takes one more request (`canSendRequest`).
    pub(crate) fn can_send(&self, node: BrokerId, now_ms: i64) -> bool {
        self.connection(node).is_some_and(|connection| connection.can_send(now_ms, self.config.max_in_flight))
    }

    /// The broker to ask something that any can answer: one with a free connection, else the fewest requests, else one
    /// that is being connected to, else the one whose last attempt is longest ago (`leastLoadedNode`).
    pub(crate) fn least_loaded(
        &self,
        chance: &mut dyn Chance,
        metadata: &Metadata,
        now_ms: i64,
    ) -> LeastLoaded {
        let nodes = &metadata.cluster().nodes;
        let mut found = LeastLoaded { node: None, any_ready: false };
        if nodes.is_empty() {
            return found;
        }
        let start = chance.below(self.streams.least_loaded, nodes.len() as u64) as usize;
        let (mut ready, mut connecting, mut connectable) = (None, None, None);
        for at in 0..nodes.len() {
            let node = nodes[(start + at) % nodes.len()];
            let fresh = Connection::default();
            let connection = self.connection(node).unwrap_or(&fresh);
            found.any_ready |= connection.is_ready(now_ms);
            if connection.can_send(now_ms, self.config.max_in_flight) {
                let in_flight = connection.in_flight.len();
                if in_flight == 0 {
                    return LeastLoaded { node: Some(node), any_ready: true };
                }
                if ready.is_none_or(|(least, _)| in_flight < least) {
                    ready = Some((in_flight, node));
                }
            } else if connection.state == State::Connecting {
                connecting = Some(node);
            } else if connection.can_connect(now_ms) {
                let attempt = connection.last_attempt_ms;
                if connectable.is_none_or(|(earliest, _)| attempt < earliest) {
                    connectable = Some((attempt, node));
                }
            }
        }
        found.node = ready.map(|(_, node)| node).or(connecting).or(connectable.map(|(_, node)| node));
        found
    }

    /// The client is closed: so are its connections.
    pub(crate) fn close(&mut self, cause: Seq) {
        for (id, connection) in (0..).map(BrokerId).zip(&mut self.connections) {
            if matches!(connection.state, State::Connecting | State::Ready) {
                self.actions.push(ClientAction::Close { node: id, by: "client", cause });
            }
            *connection = Connection::default();
        }
    }

    fn connection(&self, node: BrokerId) -> Option<&Connection> {
        self.connections.get(node.0 as usize)
    }

    fn connection_mut(&mut self, node: BrokerId) -> &mut Connection {
        let at = node.0 as usize;
        if at >= self.connections.len() {
            self.connections.resize_with(at + 1, Connection::default);
        }
        &mut self.connections[at]
    }

    fn can_connect(&self, node: BrokerId, now_ms: i64) -> bool {
        self.connection(node).is_none_or(|connection| connection.can_connect(now_ms))
    }

    fn initiate_connect<O: Observer>(&mut self, cx: &mut Cx<'_, O>, node: BrokerId, now_ms: i64, cause: Seq) {
        let is_first = self.connection(node).is_none_or(|connection| connection.state == State::None);
        let lengths = is_first.then(|| (self.draw_reconnect(cx.chance, 0), self.draw_setup(cx.chance, 0)));
        let mut uses = self.uses;
        let connection = self.connection_mut(node);
        connection.touch(cx.now, &mut uses);
        if let Some((backoff, timeout)) = lengths {
            (connection.reconnect_backoff_ms, connection.setup_timeout_ms) = (backoff, timeout);
        }
        connection.state = State::Connecting;
        connection.last_attempt_ms = now_ms;
        self.uses = uses;
        self.actions.push(ClientAction::Connect { node, cause });
    }

    fn draw_reconnect(&self, chance: &mut dyn Chance, failures: u32) -> i64 {
        self.reconnect_backoff.delay(failures, chance, self.streams.reconnect_jitter, self.config.jitter)
    }

    fn draw_setup(&self, chance: &mut dyn Chance, failures: u32) -> i64 {
        let Some(timeout) = &self.setup_timeout else { return i64::MAX };
        timeout.delay(failures, chance, self.streams.setup_jitter, self.config.jitter)
    }

    /// The connection can be used: failures are forgotten.
    fn opened(&mut self, chance: &mut dyn Chance, node: BrokerId) {
        let (backoff, timeout) = (self.draw_reconnect(chance, 0), self.draw_setup(chance, 0));
        let connection = self.connection_mut(node);
        connection.state = State::Ready;
        (connection.failed_attempts, connection.failed_connects) = (0, 0);
        (connection.reconnect_backoff_ms, connection.setup_timeout_ms) = (backoff, timeout);
    }

    /// The connection is no more: its next attempt backs off (`ClusterConnectionStates.disconnected`). Its requests,
    /// oldest first.
    fn disconnected(
        &mut self,
        chance: &mut dyn Chance,
        node: BrokerId,
        now_ms: i64,
    ) -> impl Iterator<Item = InFlightRequest> + use<> {
        let (state, failures, connects) = {
            let connection = self.connection_mut(node);
            let failed_to_connect = connection.state == State::Connecting;
            let connects = if failed_to_connect { connection.failed_connects + 1 } else { 0 };
            (connection.state, connection.failed_attempts, connects)
        };
        let backoff = self.draw_reconnect(chance, failures);
        let timeout = self.draw_setup(chance, connects);
        let connection = self.connection_mut(node);
        debug_assert!(matches!(state, State::Connecting | State::Ready), "only what is open can end");
        connection.state = State::Disconnected;
        connection.last_attempt_ms = now_ms;
        (connection.reconnect_backoff_ms, connection.failed_attempts) = (backoff, failures + 1);
        (connection.setup_timeout_ms, connection.failed_connects) = (timeout, connects);
        connection.arrivals.clear();
        std::mem::take(&mut connection.in_flight).into_iter()
    }
}
