//! A broker: its logs, its view of the cluster, what it does with requests.

mod api;
mod log;
mod partition;

use std::sync::Arc;

pub use crate::network::{Forced, Ticket};
pub use api::{BrokerOutput, BrokerTimer, Peer, Reply};
pub use log::Log;
pub use partition::{Partition, Role};

use crate::chance::Chance;
use crate::config::{BrokerConfig, TopicConfig};
use crate::protocol::{MetadataUpdate, Request, Response};
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::scenario::{Sampled, Timing, Topic};
use crate::time::Span;
use crate::trace::{Cx, Observer, Seq};

/// One broker.
#[derive(Clone, Debug)]
pub struct Broker {
    id: BrokerId,
    outputs: Vec<BrokerOutput>,
}

impl Broker {
    /// A broker of a cluster of `brokers`, its process not running. Draws the phases of its intervals.
    pub fn new(
        id: BrokerId,
        brokers: u32,
        config: Arc<BrokerConfig>,
        topics: &[Topic],
        timing: &Timing,
        chance: &mut dyn Chance,
    ) -> Broker {
        let _ = (brokers, config, topics, timing, chance);
        Broker { id, outputs: Vec::new() }
    }

    /// State of a cluster that has been running for long, at t=0 (`scenario-format.md`, "At t=0"). The fetches of its
    /// followers come out as [`BrokerOutput::Ask`]: they have just arrived, so whoever drives the brokers hands them to
    /// the leaders ([`Broker::request`]) at t=0 without any delay, after all brokers are warm.
    pub fn warm<O: Observer>(&mut self, cx: &mut Cx<'_, O>, topics: &[Topic]) {
        let _ = (cx, topics);
    }

    /// How long before t=0 the last heartbeat of a warm broker was processed.
    pub fn heartbeat_age(&self) -> Span {
        Span::ZERO
    }

    /// The process starts: a new incarnation, which asks the controller for its registration.
    pub fn start<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        let _ = (cx, cause);
    }

    /// The process dies. What it had written stays (page cache); what it wanted done and has not been done is forgotten.
    pub fn crash<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        let _ = (cx, cause);
    }

    /// Whether the process runs.
    pub fn is_running(&self) -> bool {
        true
    }

    /// Whether the process takes new connections: it runs and has caught up with the metadata (`broker.md F6`).
    pub fn is_accepting(&self) -> bool {
        true
    }

    /// A request has come; it is taken up after those that came on its connection before (`broker.md P2`).
    pub fn request<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ticket: Ticket,
        request: Request,
        forced: Option<Forced>,
        cause: Seq,
    ) {
        let _ = (cx, ticket, request, forced, cause);
    }

    /// The answer to one of its own [`BrokerOutput::Ask`]s.
    pub fn answer<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        correlation: u64,
        response: Response,
        cause: Seq,
    ) {
        let _ = (cx, correlation, response, cause);
    }

    /// There will be no answer to an ask: it was refused, or its connection is closed.
    pub fn no_answer<O: Observer>(&mut self, cx: &mut Cx<'_, O>, correlation: u64, cause: Seq) {
        let _ = (cx, correlation, cause);
    }

    /// A connection to this broker is gone, with what has come on it and has not been taken up.
    pub fn connection_closed<O: Observer>(&mut self, cx: &mut Cx<'_, O>, connection: u64, cause: Seq) {
        let _ = (cx, connection, cause);
    }

    /// The controller's decision has come.
    pub fn update<O: Observer>(&mut self, cx: &mut Cx<'_, O>, update: &MetadataUpdate, cause: Seq) {
        let _ = (cx, update, cause);
    }

    /// A timer is due.
    pub fn timer<O: Observer>(&mut self, cx: &mut Cx<'_, O>, timer: BrokerTimer, cause: Seq) {
        let _ = (cx, timer, cause);
    }

    /// Each request takes so much longer from now on; none: no more.
    pub fn slow(&mut self, by: Option<Sampled>) {
        let _ = by;
    }

    /// New settings of the broker, whole.
    pub fn set_config(&mut self, config: Arc<BrokerConfig>) {
        let _ = config;
    }

    /// New settings of a topic, whole.
    pub fn set_topic_config(&mut self, topic: TopicIx, config: TopicConfig) {
        let _ = (topic, config);
    }

    /// What it wants done, in order; `into` is expected to be empty.
    pub fn take_outputs(&mut self, into: &mut Vec<BrokerOutput>) {
        std::mem::swap(&mut self.outputs, into);
    }

    /// Its id.
    pub fn id(&self) -> BrokerId {
        self.id
    }

    /// Its replica of a partition, if it has one.
    pub fn partition(&self, tp: TopicPartition) -> Option<&Partition> {
        let _ = tp;
        None
    }

    /// All its replicas, in the order in which it came to have them.
    pub fn partitions(&self) -> impl Iterator<Item = &Partition> {
        std::iter::empty()
    }
}
