//! A consumer's connections: which are up, what is asked on them, when to try again (`producer.md 4.4`, 4.6).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::backoff::ExponentialBackoff;
use crate::chance::{Chance, Stream};
use crate::config::ConsumerConfig;
use crate::protocol::{Arrival, EpochToLookUp, FetchRequest, OffsetToList};
use crate::record::BrokerId;
use crate::time::{Span, Time};
use crate::trace::Seq;

/// Kafka's share of random in back-offs.
pub(super) const JITTER: f64 = 0.2;

/// The connections to all brokers.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    request_timeout: Span,
    reconnect: ExponentialBackoff,
    /// How long an attempt to connect may take; none (before 2.7): until the network gives up.
    setup: Option<ExponentialBackoff>,
    reconnect_jitter: Stream,
    setup_jitter: Stream,
    /// By broker id.
    nodes: Vec<Node>,
    next_correlation: u64,
}

#[derive(Clone, Debug)]
struct Node {
    link: Link,
    /// Attempts since the connection was up last.
    failures: u32,
    /// Asked and not answered, oldest first.
    in_flight: VecDeque<InFlight>,
    last_attempt: Time,
    /// What the state of the link goes back to.
    cause: Seq,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// Down, and not to be tried before then.
    Down(Time),
    /// Being set up, until then at most.
    Connecting(Time),
    /// Up.
    Ready,
}

#[derive(Clone, Debug)]
struct InFlight {
    correlation: u64,
    sent_at: Time,
    what: Sent,
    cause: Seq,
}

/// What was asked.
#[derive(Clone, Debug)]
pub(super) enum Sent {
    /// Who leads what.
    Metadata,
    /// Records.
    Fetch(Arc<FetchRequest>),
    /// Where epochs end in the logs of these partitions.
    EpochEnds(Arc<[EpochToLookUp]>),
    /// Offsets of these partitions.
    Offsets(Arc<[OffsetToList]>),
}

impl Default for Node {
    fn default() -> Node {
        let (link, cause) = (Link::Down(Time::ZERO), Seq::OUTSIDE);
        Node { link, failures: 0, in_flight: VecDeque::new(), last_attempt: Time::ZERO, cause }
    }
}

impl Connections {
    pub(super) fn new(config: &ConsumerConfig, id: &str, chance: &mut dyn Chance) -> Connections {
        let (base, max) = (config.reconnect_backoff_ms, config.reconnect_backoff_max_ms);
        let setup_max = config.connection_setup_timeout_max_ms;
        let setup = |base| ExponentialBackoff::new(base, 2, setup_max, JITTER);
        Connections {
            request_timeout: Span::from_millis(config.request_timeout_ms),
            reconnect: ExponentialBackoff::new(base, 2, max, JITTER),
            setup: config.connection_setup_timeout_ms.map(setup),
            reconnect_jitter: chance.stream(format_args!("{id}/reconnect-jitter")),
            setup_jitter: chance.stream(format_args!("{id}/setup-jitter")),
            nodes: Vec::new(),
            next_correlation: 0,
        }
    }

    /// Connections to these brokers are up.
    pub(super) fn warm(&mut self, brokers: &[BrokerId]) {
        for &broker in brokers {
            self.node_mut(broker).link = Link::Ready;
        }
    }

    /// The connection can be used.
    pub(super) fn opened(&mut self, node: BrokerId) {
        let node = self.node_mut(node);
        if matches!(node.link, Link::Connecting(_)) {
            node.link = Link::Ready;
            node.failures = 0;
        }
    }

    /// Whether a bad arrival is about the connection as it is now, not about one given up before.
    pub(super) fn is_news(&mut self, node: BrokerId, arrival: &Arrival) -> bool {
        match self.node_mut(node).link {
            Link::Ready => *arrival == Arrival::Closed,
            Link::Connecting(_) => *arrival == Arrival::Refused,
            Link::Down(_) => false,
        }
    }

    /// The connection is down; what was asked on it is lost, and comes back. It is tried again after the reconnect back-off.
    pub(super) fn closed(
        &mut self,
        now: Time,
        node: BrokerId,
        cause: Seq,
        chance: &mut dyn Chance,
    ) -> Vec<Sent> {
        let (reconnect, jitter) = (self.reconnect, self.reconnect_jitter);
        let node = self.node_mut(node);
        let backoff = reconnect.delay(node.failures, chance, jitter, true);
        node.link = Link::Down(now + Span::from_millis(backoff));
        node.failures += 1;
        node.cause = cause;
        node.in_flight.drain(..).map(|lost| lost.what).collect()
    }

    /// Starts to connect if that may be tried now; the cause, if so.
    pub(super) fn connect(&mut self, now: Time, node: BrokerId, chance: &mut dyn Chance) -> Option<Seq> {
        let (setup, jitter) = (self.setup, self.setup_jitter);
        let node = self.node_mut(node);
        let Link::Down(until) = node.link else { return None };
        if now < until {
            return None;
        }
        let until = |setup: ExponentialBackoff| {
            now + Span::from_millis(setup.delay(node.failures, chance, jitter, true))
        };
        node.link = Link::Connecting(setup.map_or(Time::NEVER, until));
        node.last_attempt = now;
        Some(node.cause)
    }

    /// A request goes out; its number.
    pub(super) fn send(&mut self, now: Time, node: BrokerId, what: Sent, cause: Seq) -> u64 {
        self.next_correlation += 1;
        let correlation = self.next_correlation;
        self.node_mut(node).in_flight.push_back(InFlight { correlation, sent_at: now, what, cause });
        correlation
    }

    /// What an answer belongs to; nothing if it was given up.
    pub(super) fn answered(&mut self, node: BrokerId, correlation: u64) -> Option<Sent> {
        let in_flight = &mut self.node_mut(node).in_flight;
        let at = in_flight.iter().position(|sent| sent.correlation == correlation)?;
        in_flight.remove(at).map(|sent| sent.what)
    }

    /// Whether a fetch can go to this broker now: the connection is up and none is out.
    pub(super) fn is_free(&self, node: BrokerId) -> bool {
        self.node(node).is_some_and(|node| {
            node.link == Link::Ready && !node.in_flight.iter().any(|sent| matches!(sent.what, Sent::Fetch(_)))
        })
    }

    /// A connection on which nothing has come for too long: the broker, why it is closed, and what was asked.
    pub(super) fn overdue(&self, now: Time) -> Option<(BrokerId, &'static str, Seq)> {
        (0..).zip(&self.nodes).find_map(|(id, node)| match node.link {
            Link::Connecting(until) if until <= now => Some((BrokerId(id), "client", node.cause)),
            Link::Ready => {
                let oldest = node.in_flight.front()?;
                let over = oldest.sent_at + self.request_timeout <= now;
                over.then_some((BrokerId(id), "request-timeout", oldest.cause))
            }
            _ => None,
        })
    }

    /// When something here is due; a broker that nobody wants is not tried again.
    pub(super) fn deadlines(&self, wanted: impl Fn(BrokerId) -> bool) -> impl Iterator<Item = Time> {
        (0..).zip(&self.nodes).filter_map(move |(id, node)| match node.link {
            Link::Down(until) => wanted(BrokerId(id)).then_some(until),
            Link::Connecting(until) => Some(until),
            Link::Ready => node.in_flight.front().map(|oldest| oldest.sent_at + self.request_timeout),
        })
    }

    /// Kafka's least loaded node among these, searched from `start` on: up and with nothing out, else up with the least
    /// out, else the one that a connection is being made to, else the one whose last attempt is the oldest. Nothing if
    /// none may be tried.
    pub(super) fn least_loaded(&self, now: Time, brokers: &[BrokerId], start: usize) -> Option<BrokerId> {
        let rank = |broker: BrokerId| match self.node(broker).map_or(Link::Down(Time::ZERO), |node| node.link)
        {
            Link::Ready => Some((0, self.node(broker).map_or(0, |node| node.in_flight.len() as u64))),
            Link::Connecting(_) => Some((1, 0)),
            Link::Down(until) if until <= now => {
                Some((2, self.node(broker).map_or(0, |node| node.last_attempt.nanos())))
            }
            Link::Down(_) => None,
        };
        let from_start = brokers.iter().cycle().skip(start).take(brokers.len());
        from_start
            .filter_map(|&broker| Some((rank(broker)?, broker)))
            .min_by_key(|&(rank, _)| rank)
            .map(|(_, b)| b)
    }

    /// Whether the connection is up.
    pub(super) fn is_ready(&self, node: BrokerId) -> bool {
        self.node(node).is_some_and(|node| node.link == Link::Ready)
    }

    fn node(&self, node: BrokerId) -> Option<&Node> {
        self.nodes.get(node.0 as usize)
    }

    fn node_mut(&mut self, node: BrokerId) -> &mut Node {
        let at = node.0 as usize;
        if self.nodes.len() <= at {
            self.nodes.resize_with(at + 1, Node::default);
        }
        &mut self.nodes[at]
    }
}
