//! A consumer that reads to the high watermark.
//!
//! A Java consumer with `assign()` whose application polls without pause and takes no time over a record: it fetches
//! from each leader, one fetch at a time, and hands over what comes back at once. [`connections`] is its view of the
//! network, [`metadata`] who it believes leads what, [`positions`] where it reads on, [`fetch`] asks and takes in the answers,
//! [`reads`] keeps what the application has seen.

mod connections;
mod fetch;
mod metadata;
mod partition;
mod positions;
mod reads;
#[cfg(test)]
mod tests;

pub use partition::{AssignedPartition, KnownPartition};
pub use reads::Read;

use std::sync::Arc;

use crate::backoff::ExponentialBackoff;
use crate::chance::{Chance, Stream};
use crate::config::{ConsumerConfig, OffsetReset};
use crate::protocol::{Arrival, ClientAction, ErrorCode, Response};
use crate::record::{BrokerId, ConsumerIx, Names, TopicPartition};
use crate::scenario;
use crate::time::Time;
use crate::trace::{Cx, Observer, Seq};
use connections::{Connections, JITTER, Sent};
use metadata::Metadata;

/// A consumer of the scenario.
#[derive(Clone, Debug)]
pub struct Consumer {
    ix: ConsumerIx,
    config: ConsumerConfig,
    /// `client.rack`, which goes with every fetch from 2.4 on (KIP-392).
    rack: Option<Arc<str>>,
    has_started: bool,
    /// Ascending.
    partitions: Vec<AssignedPartition>,
    connections: Connections,
    metadata: Metadata,
    retry: ExponentialBackoff,
    retry_jitter: Stream,
    /// Numbers the answers that brought something, so that their partitions go to the end of the line.
    turns: u64,
    reads: Vec<Read>,
    actions: Vec<ClientAction>,
    timers: Vec<(Time, ConsumerTimer)>,
    /// The earliest timer that has been asked for and is not due yet.
    armed: Time,
}

/// A consumer's only timer: it looks at everything that may be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerTimer;

impl Consumer {
    /// A consumer that has yet to start.
    pub fn new(
        ix: ConsumerIx,
        settings: &scenario::Consumer,
        names: &Names,
        chance: &mut dyn Chance,
    ) -> Consumer {
        let id = names.consumer(ix);
        let config = settings.config.clone();
        Consumer {
            ix,
            has_started: false,
            partitions: settings.partitions.iter().map(|&tp| AssignedPartition::unknown(tp)).collect(),
            connections: Connections::new(&config, id, chance),
            metadata: Metadata::new(&config, id, chance),
            retry: ExponentialBackoff::new(config.retry_backoff_ms, 2, config.retry_backoff_max_ms, JITTER),
            retry_jitter: chance.stream(format_args!("{id}/retry-jitter")),
            rack: config.release.at_least(2, 4).then(|| config.client_rack.as_str().into()),
            config,
            turns: 0,
            reads: Vec::new(),
            actions: Vec::new(),
            timers: Vec::new(),
            armed: Time::NEVER,
        }
    }

    /// It starts: it knows these brokers and is connected to them, and knows this of its partitions. Its positions follow
    /// from `auto.offset.reset`; the metadata is fresh.
    pub fn start<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        brokers: &[BrokerId],
        partitions: &[KnownPartition],
    ) {
        self.has_started = true;
        self.connections.warm(brokers);
        self.metadata.warm(cx.now, brokers, cx.chance);
        self.assign(cx, partitions);
    }

    /// It is to read these partitions (too), from the positions that `auto.offset.reset` gives now, or as soon as a leader
    /// can say them (`broker.md C4`, C8).
    pub fn assign<O: Observer>(&mut self, cx: &mut Cx<'_, O>, partitions: &[KnownPartition]) {
        for known in partitions {
            let at = self.partitions.binary_search_by_key(&known.tp, |assigned| assigned.tp).unwrap_or_else(
                |at| {
                    self.partitions.insert(at, AssignedPartition::unknown(known.tp));
                    at
                },
            );
            let assigned = &mut self.partitions[at];
            assigned.learn(known);
            let by = self.config.auto_offset_reset;
            let position = match by {
                OffsetReset::Earliest => known.earliest,
                OffsetReset::Latest => known.latest,
                OffsetReset::None => None,
            };
            match position {
                Some(position) => assigned.seek(position),
                None => assigned.request_reset(by, ErrorCode::OffsetOutOfRange),
            }
        }
        self.poll(cx, Seq::OUTSIDE);
    }

    /// Something has come on the connection to this broker; it is taken in at once.
    pub fn arrive<O: Observer>(&mut self, cx: &mut Cx<'_, O>, node: BrokerId, arrival: Arrival, cause: Seq) {
        match arrival {
            Arrival::Opened => self.connections.opened(node),
            Arrival::Refused | Arrival::Closed => {
                if self.connections.is_news(node, &arrival) {
                    self.disconnected(cx, node, cause);
                }
            }
            Arrival::Response { correlation, response } => {
                let Some(sent) = self.connections.answered(node, correlation) else { return };
                match (sent, response) {
                    (Sent::Fetch(asked), Response::Fetch(response)) => {
                        self.take_fetch(cx, node, &asked.partitions, &response, cause);
                    }
                    (Sent::Metadata, Response::Metadata(response)) => {
                        self.take_metadata(cx, &response, cause);
                    }
                    (Sent::EpochEnds(asked), Response::OffsetsForLeaderEpoch(response)) => {
                        self.take_epoch_ends(cx.now, &asked, &response.partitions, cause);
                    }
                    (Sent::Offsets(asked), Response::ListOffsets(response)) => {
                        self.take_offsets(cx.now, &asked, &response.partitions, cause);
                    }
                    _ => {}
                }
            }
        }
        self.poll(cx, cause);
    }

    /// Its timer is due.
    pub fn timer<O: Observer>(&mut self, cx: &mut Cx<'_, O>, _: ConsumerTimer) {
        if cx.now >= self.armed {
            self.armed = Time::NEVER;
        }
        self.poll(cx, Seq::OUTSIDE);
    }

    /// What it does to its connections, in order.
    pub fn take_actions(&mut self, into: &mut Vec<ClientAction>) {
        into.append(&mut self.actions);
    }

    /// The timers that it wants.
    pub fn take_timers(&mut self, into: &mut Vec<(Time, ConsumerTimer)>) {
        into.append(&mut self.timers);
    }

    /// Whether it has started.
    pub fn has_started(&self) -> bool {
        self.has_started
    }

    /// The partitions that it still reads and the next offset that it wants of each, ascending.
    pub fn positions(&self) -> impl Iterator<Item = (TopicPartition, i64)> {
        self.partitions.iter().filter_map(|assigned| Some((assigned.tp, assigned.position()?)))
    }

    /// Everything that it knows of its partitions, ascending.
    pub fn partitions(&self) -> &[AssignedPartition] {
        &self.partitions
    }

    /// What the application has seen, in order.
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// How many records lie between its positions and the high watermarks that it was told last (`broker.md C9`).
    pub fn lag(&self) -> u64 {
        self.partitions.iter().map(AssignedPartition::lag).sum()
    }

    /// Does all that can be done now, and sees to it that it is asked again when more can.
    fn poll<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        if !self.has_started {
            return;
        }
        self.give_up_overdue(cx);
        self.ask_for_metadata(cx, cause);
        let wanted = self.metadata.is_wanted();
        self.look_up_positions(cx, cause);
        self.send_fetches(cx, cause);
        if !wanted && self.metadata.is_wanted() {
            self.ask_for_metadata(cx, cause);
        }
        self.arm(cx.now);
    }

    /// Closes connections on which nothing has come for too long (`request.timeout.ms`, connection set-up timeout).
    fn give_up_overdue<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        while let Some((node, by, cause)) = self.connections.overdue(cx.now) {
            self.actions.push(ClientAction::Close { node, by, cause });
            self.disconnected(cx, node, cause);
        }
    }

    /// A connection is gone with all that was asked on it; whoever leads there may lead no more.
    fn disconnected<O: Observer>(&mut self, cx: &mut Cx<'_, O>, node: BrokerId, cause: Seq) {
        let lost = self.connections.closed(cx.now, node, cause, cx.chance);
        for sent in &lost {
            match sent {
                Sent::Metadata => self.metadata.failed(cx.now, cx.chance),
                Sent::Fetch(asked) => self.leave_replicas(&asked.partitions),
                sent => self.positions_unanswered(cx.now, sent, cause),
            }
        }
        self.metadata.want(cause);
    }

    /// What is due by now and yet could not be done waits for an arrival, or for something else that is due later.
    fn arm(&mut self, now: Time) {
        let partitions = self.partitions.iter().filter_map(AssignedPartition::waits_until);
        let connections = self.connections.deadlines(|node| self.is_wanted(node));
        let later = partitions.chain(connections).chain(self.metadata.deadline()).filter(|&at| at > now);
        if let Some(at) = later.min().filter(|&at| at < self.armed) {
            self.armed = at;
            self.timers.push((at, ConsumerTimer));
        }
    }

    /// Whether there is something to ask this broker.
    fn is_wanted(&self, node: BrokerId) -> bool {
        self.metadata.is_wanted() || self.partitions.iter().any(|assigned| assigned.wants(node))
    }
}
