//! A broker: its logs, its view of the cluster, what it does with requests.
//!
//! What comes in is dispatched here. [`requests`] takes up one request of a connection at a time; [`produce`] and [`fetch`]
//! work on them ([`replica_selector`] sends a consumer to its rack), [`purgatory`] and [`sessions`] hold those that wait. [`fetcher`], [`truncation`],
//! [`range`] and [`follower`] replicate, [`offsets`] answers about offsets. [`roles`] applies what the controller decides, [`isr`] asks it for
//! changes, [`lifecycle`] tells it that the broker lives, [`shutdown`] that it wants to end. A [`Partition`] is one replica: its [`Log`], its [`ProducerStates`], as leader its followers ([`leadership`]).

mod api;
mod epochs;
mod fetch;
mod fetcher;
#[cfg(test)]
mod fixture;
mod follower;
mod isr;
mod leadership;
mod lifecycle;
mod log;
mod metadata;
mod offsets;
mod parked;
mod partition;
mod produce;
mod producer_ids;
mod producer_state;
mod purgatory;
mod range;
mod replica_selector;
mod requests;
mod roles;
mod sessions;
mod shutdown;
mod storage;
#[cfg(test)]
mod tests;
mod truncation;
mod validation;

use std::collections::VecDeque;
use std::sync::Arc;

pub use crate::network::{Forced, Ticket};
pub use api::{BrokerOutput, BrokerTimer, Peer, Reply};
pub use epochs::LeaderEpochs;
pub use log::Log;
pub use partition::{Partition, Role};
pub use producer_state::{CachedBatch, ProducerState, ProducerStates};

use crate::chance::Chance;
use crate::config::{BrokerConfig, TopicConfig};
use crate::protocol::{MetadataUpdate, Request, Response};
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::scenario::{ConfigChanges, Sampled, Timing, Topic};
use crate::time::Span;
use crate::trace::{Cx, Event, Observer, Seq};
use fetch::Scratch;
use fetcher::Fetcher;
use follower::FetchAnswer;
use isr::AlterPartitions;
use leadership::IsrRules;
use lifecycle::{Intervals, Lifecycle};
use metadata::MetadataImage;
use parked::ParkedFetches;
use produce::ProduceWork;
use producer_ids::ProducerIds;
use purgatory::Purgatory;
use requests::{Connections, Pending};
use sessions::FetchSession;
use truncation::EpochAnswer;

/// One broker of a cluster.
#[derive(Clone, Debug)]
pub struct Broker {
    id: BrokerId,
    /// How many brokers the cluster has.
    brokers: u32,
    config: Arc<BrokerConfig>,
    /// By broker; empty: there are none.
    racks: Arc<[String]>,
    /// What settings the controller's word may name.
    changes: Arc<ConfigChanges>,
    /// By topic.
    topic_configs: Vec<TopicConfig>,
    image: MetadataImage,
    partitions: Vec<Partition>,
    /// Places in `partitions`, by topic and partition.
    places: Vec<Vec<Option<u32>>>,
    connections: Connections,
    purgatory: Purgatory,
    fetches: ParkedFetches,
    /// By follower.
    sessions: Vec<Option<FetchSession>>,
    woken_sessions: VecDeque<BrokerId>,
    /// By leader.
    fetchers: Vec<Fetcher>,
    /// A fault keeps it from fetching.
    fetches_blocked: bool,
    alters: AlterPartitions,
    lifecycle: Lifecycle,
    intervals: Intervals,
    heartbeat_age: Span,
    producer_ids: ProducerIds,
    next_correlation: u64,
    /// Work that a fault has stepped into, in order.
    interrupted: VecDeque<Interrupted>,
    /// Whether the timer to go on is set.
    resuming: bool,
    scratch: Scratch,
    outputs: Vec<BrokerOutput>,
}

/// Work that goes on once a fault that its events have set off is in effect.
#[derive(Clone, Debug)]
enum Interrupted {
    Produce(ProduceWork),
    FetchAnswer(FetchAnswer),
    EpochAnswer(EpochAnswer),
}

impl Broker {
    /// A broker of a cluster of `brokers`, its process not running. It opens its streams of draws.
    pub fn new(
        id: BrokerId,
        brokers: u32,
        config: Arc<BrokerConfig>,
        topics: &[Topic],
        timing: &Timing,
        chance: &mut dyn Chance,
    ) -> Broker {
        Broker {
            id,
            brokers,
            racks: Arc::new([]),
            changes: Arc::default(),
            topic_configs: topics.iter().map(|topic| topic.config.clone()).collect(),
            image: MetadataImage::default(),
            partitions: Vec::new(),
            places: vec![Vec::new(); topics.len()],
            connections: Connections::new(id, timing.service, chance),
            purgatory: Purgatory::default(),
            fetches: ParkedFetches::default(),
            sessions: Vec::new(),
            woken_sessions: VecDeque::new(),
            fetchers: Vec::new(),
            fetches_blocked: false,
            alters: AlterPartitions::default(),
            lifecycle: Lifecycle::new(id, &config, chance),
            intervals: Intervals::new(id, timing, chance),
            heartbeat_age: Span::ZERO,
            producer_ids: ProducerIds::new(id, brokers),
            next_correlation: 0,
            interrupted: VecDeque::new(),
            resuming: false,
            scratch: Scratch::default(),
            outputs: Vec::new(),
            config,
        }
    }

    /// The same, told the rack of every broker (`broker.rack`). None of them ever moves, so no word of the controller carries it.
    pub fn with_racks(self, racks: Arc<[String]>) -> Broker {
        Broker { racks, ..self }
    }

    /// The same, told what settings the controller's word may name.
    pub fn with_changes(self, changes: Arc<ConfigChanges>) -> Broker {
        Broker { changes, ..self }
    }

    /// State of a cluster that has been running for long, at t=0 (`scenario-format.md`, "At t=0"). The fetches of its
    /// followers come out as [`BrokerOutput::Ask`]: they have just arrived, so whoever drives the brokers hands them to
    /// the leaders ([`Broker::request`]) at t=0 without any delay, after all brokers are warm.
    pub fn warm<O: Observer>(&mut self, cx: &mut Cx<'_, O>, topics: &[Topic]) {
        self.warm_intervals(cx);
        self.warm_roles(cx, topics);
        for leader in 0..self.fetchers.len() as u32 {
            self.maybe_fetch(cx, BrokerId(leader), Seq::OUTSIDE);
        }
    }

    /// How long before t=0 the last heartbeat of a warm broker was processed.
    pub fn heartbeat_age(&self) -> Span {
        self.heartbeat_age
    }

    /// The process starts: a new incarnation, with the logs that are on this machine. It registers at the controller.
    pub fn start<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        let in_order = self.lifecycle.ended_in_order();
        for partition in &mut self.partitions {
            partition.recover(in_order, cx.now.millis(), self.config.producer_id_expiration_ms);
        }
        self.start_intervals(cx.now);
        self.begin_registration(cx, cause);
    }

    /// The process dies. What it had written stays (page cache); what it wanted done and has not been done is forgotten.
    pub fn crash<O: Observer>(&mut self, _: &mut Cx<'_, O>, _: Seq) {
        self.forget_process();
    }

    /// What was in the memory of the process is gone.
    fn forget_process(&mut self) {
        self.outputs.clear();
        self.interrupted.clear();
        self.resuming = false;
        self.connections.clear();
        self.purgatory.clear();
        self.fetches.clear();
        self.sessions.clear();
        self.woken_sessions.clear();
        self.alters.clear();
        self.lifecycle.stop();
        self.intervals.stop();
        self.producer_ids.next_block();
        self.image = MetadataImage::default();
        self.forget_roles();
    }

    /// Which start of its process this is, counted from 0: the controller's word is for one of them.
    pub fn incarnation(&self) -> u32 {
        self.lifecycle.incarnation()
    }

    /// The broker epoch that it has been given; -1 before that.
    pub fn broker_epoch(&self) -> i64 {
        self.lifecycle.broker_epoch()
    }

    /// Whether the process runs.
    pub fn is_running(&self) -> bool {
        self.lifecycle.is_running()
    }

    /// Whether the process takes requests: it has caught up with the metadata (`broker.md F6`), and has not ended.
    pub fn is_accepting(&self) -> bool {
        self.lifecycle.is_accepting()
    }

    /// Whether the process has started and the controller has yet to unfence it.
    pub fn is_joining(&self) -> bool {
        self.lifecycle.is_joining()
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
        if self.is_running() {
            self.enqueue(cx, Pending { ticket, request, forced, cause });
            self.settle(cx);
        }
    }

    /// The answer to one of its own [`BrokerOutput::Ask`]s.
    pub fn answer<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        correlation: u64,
        response: Response,
        cause: Seq,
    ) {
        match response {
            Response::Fetch(response) => {
                if let Some(leader) = self.fetching_from(correlation) {
                    self.fetch_answered(cx, leader, response, cause);
                }
            }
            Response::OffsetsForLeaderEpoch(response) => {
                if let Some(leader) = self.fetching_from(correlation) {
                    self.epochs_answered(cx, leader, response, cause);
                }
            }
            Response::ListOffsets(response) => {
                if let Some(leader) = self.fetching_from(correlation) {
                    self.range_answered(cx, leader, &response, cause);
                }
            }
            Response::Heartbeat(answer) if self.lifecycle.asked(correlation) => {
                self.heartbeat_answered(cx, answer, cause);
            }
            Response::AlterPartition(answer) => self.proposal_answered(cx, correlation, &answer, cause),
            _ => {}
        }
        self.settle(cx);
    }

    /// There will be no answer to an ask: it was refused, or its connection is closed.
    pub fn no_answer<O: Observer>(&mut self, cx: &mut Cx<'_, O>, correlation: u64, _: Seq) {
        if let Some(leader) = self.fetching_from(correlation) {
            self.unanswered(cx.now, leader);
        } else if self.lifecycle.asked(correlation) {
            self.heartbeat_met_nobody(cx);
        } else if self.alters.asked(correlation) {
            self.proposal_unanswered(cx.now, correlation);
        }
    }

    /// A connection to this broker is gone, with what has come on it and has not been taken up.
    pub fn connection_closed<O: Observer>(&mut self, cx: &mut Cx<'_, O>, connection: u64, _: Seq) {
        self.close_connection(connection);
        self.settle(cx);
    }

    /// The controller's decision has come.
    pub fn update<O: Observer>(&mut self, cx: &mut Cx<'_, O>, update: &MetadataUpdate, cause: Seq) {
        if self.is_running() {
            self.apply(cx, update, cause);
            self.settle(cx);
        }
    }

    /// A timer is due.
    pub fn timer<O: Observer>(&mut self, cx: &mut Cx<'_, O>, timer: BrokerTimer, cause: Seq) {
        match timer {
            BrokerTimer::Resume => self.resume(cx),
            BrokerTimer::Service { connection } => self.serve(cx, connection),
            BrokerTimer::Purgatory => self.expire_produce(cx),
            BrokerTimer::ParkedFetch => self.expire_fetches(cx),
            BrokerTimer::Fetch { leader } => self.fetcher_wakes(cx, leader, cause),
            BrokerTimer::Written { leader } => self.fetched_is_written(cx, leader),
            BrokerTimer::FetchTimeout { leader } => self.fetch_times_out(cx.now, leader),
            BrokerTimer::Heartbeat => self.heartbeat_due(cx.now),
            BrokerTimer::HeartbeatTimeout => self.heartbeat_times_out(cx),
            BrokerTimer::AlterPartition => self.alters_wake(cx),
            BrokerTimer::ShutdownDeadline => self.shutdown_overdue(cx, cause),
            _ if !self.interval_is_due(cx.now, timer) => {}
            BrokerTimer::IsrScan => self.scan_isrs(cx),
            BrokerTimer::HwCheckpoint => self.partitions.iter_mut().for_each(Partition::checkpoint_hw),
            BrokerTimer::Flush => self.flush_all(cx),
            BrokerTimer::FlushScheduler => self.flush_overdue(cx),
            BrokerTimer::Retention => self.delete_old_segments(cx.now),
            BrokerTimer::ProducerExpiry => self.expire_producers(cx),
        }
        self.settle(cx);
    }

    /// Each request takes so much longer from now on; none: no more.
    pub fn slow(&mut self, by: Option<Sampled>) {
        self.connections.slow(by);
    }

    /// Each append to a log takes so much longer from now on; none: no more. That is a leader's for each batch of a request,
    /// in the thread that works on it, and a follower's for each partition of which it has fetched something, in its
    /// fetcher. Reads come from the page cache.
    pub fn slow_disk(&mut self, by: Option<Sampled>) {
        self.connections.slow_disk(by);
    }

    /// A topic's settings as it knows them.
    pub fn topic_config(&self, topic: TopicIx) -> Option<&TopicConfig> {
        self.topic_configs.get(topic.0 as usize)
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
        Some(&self.partitions[self.local(tp)? as usize])
    }

    /// All its replicas, in the order in which it came to have them.
    pub fn partitions(&self) -> impl Iterator<Item = &Partition> {
        self.partitions.iter()
    }
}

/// What several parts of a broker share.
impl Broker {
    /// The place of its replica of a partition.
    fn local(&self, tp: TopicPartition) -> Option<u32> {
        *self.places.get(tp.topic.0 as usize)?.get(tp.partition as usize)?
    }

    fn local_or_new(&mut self, tp: TopicPartition) -> u32 {
        if let Some(ix) = self.local(tp) {
            return ix;
        }
        let (topic, partition) = (tp.topic.0 as usize, tp.partition as usize);
        let topics = self.places.len().max(topic + 1);
        self.places.resize_with(topics, Vec::new);
        let places = &mut self.places[topic];
        places.resize(places.len().max(partition + 1), None);
        let ix = self.partitions.len() as u32;
        places[partition] = Some(ix);
        self.partitions.push(Partition::new(tp));
        ix
    }

    fn next_correlation(&mut self) -> u64 {
        self.next_correlation += 1;
        self.next_correlation
    }

    fn isr_rules(&self, tp: TopicPartition) -> IsrRules {
        IsrRules::new(&self.config, &self.topic_configs[tp.topic.0 as usize])
    }

    /// The leader whose fetcher has this request out.
    fn fetching_from(&self, correlation: u64) -> Option<BrokerId> {
        let is_it = |fetcher: &Fetcher| fetcher.outstanding.is_some_and(|out| out.correlation == correlation);
        self.fetchers.iter().position(is_it).map(|leader| BrokerId(leader as u32))
    }

    /// Advances a leader's high watermark, if that is possible, and tells whoever waits for it (`broker.md R11`, P10).
    fn advance_hw<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ix: u32, cause: Seq) {
        let rules = self.isr_rules(self.partitions[ix as usize].tp());
        if self.partitions[ix as usize].maybe_advance_hw(cx.now, &rules, &self.image) {
            let risen = self.report_hw(cx, ix, cause);
            self.note_hw(ix);
            self.complete_produce(ix, risen);
            self.wake_consumers(ix, risen);
        }
    }

    fn report_hw<O: Observer>(&self, cx: &mut Cx<'_, O>, ix: u32, cause: Seq) -> Seq {
        let partition = &self.partitions[ix as usize];
        let (tp, log_end_offset) = (partition.tp(), partition.log.end_offset());
        let high_watermark = partition.high_watermark();
        cx.emit(cause, || Event::HwAdvanced {
            broker: self.id,
            topic: tp.topic,
            partition: tp.partition,
            high_watermark,
            log_end_offset,
        })
    }

    /// A fault has stepped in: the rest of this work waits until it is in effect. If that is the end of the process, it is
    /// the end of the work.
    fn interrupt<O: Observer>(&mut self, cx: &Cx<'_, O>, work: Interrupted) {
        self.interrupted.push_back(work);
        self.resume_later(cx);
    }

    fn resume_later<O: Observer>(&mut self, cx: &Cx<'_, O>) {
        if !self.resuming {
            self.resuming = true;
            let (timer, cause) = (BrokerTimer::Resume, Seq::OUTSIDE);
            self.outputs.push(BrokerOutput::Timer { at: cx.now, timer, cause });
        }
    }

    fn resume<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        if !std::mem::take(&mut self.resuming) {
            return;
        }
        for work in std::mem::take(&mut self.interrupted) {
            match work {
                Interrupted::Produce(work) => self.go_on_with_produce(cx, work),
                Interrupted::FetchAnswer(answer) => self.go_on_with_answer(cx, answer),
                Interrupted::EpochAnswer(answer) => self.go_on_with_epochs(cx, answer),
            }
        }
    }
}
