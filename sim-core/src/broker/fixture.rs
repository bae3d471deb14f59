//! What the tests of brokers stand on: settings, batches, and a cluster whose messages are passed by hand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::{Broker, BrokerOutput, BrokerTimer, Forced, Partition, Peer, Reply, Ticket};
use crate::chance::Scripted;
use crate::config::fixture;
pub(super) use crate::config::fixture::topic_config;
use crate::config::{BrokerConfig, Release, TopicConfig};
use crate::protocol::{
    FetchPartition, FetchRequest, FetchResponse, HeartbeatResponse, MetadataUpdate, PartitionResult,
    ProduceRequest, Request, Response,
};
use crate::record::{BatchId, BrokerId, Names, ProducerIx, RecordBatch, TopicIx, TopicPartition};
use crate::scenario::{Sampled, Timing, Topic};
use crate::time::{Span, Time};
use crate::trace::{Cx, Ends, Event, EventKind, Recorder, Seq, Tracer};

/// The partition that tests are about.
pub(super) const TP: TopicPartition = TopicPartition { topic: TopicIx(0), partition: 0 };

/// The second partition of the same topic, where there is one.
pub(super) const TP1: TopicPartition = TopicPartition { topic: TopicIx(0), partition: 1 };

/// A batch of the first producer, 100 bytes a record.
pub(super) fn batch_of(number: u32, records: u32) -> RecordBatch {
    RecordBatch {
        batch: BatchId { producer: ProducerIx(0), number },
        tp: TP,
        records: (0..records).collect(),
        bytes: 100 * records,
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
        ..RecordBatch::default()
    }
}

/// A batch of the idempotent producer 7, epoch 0.
pub(super) fn idempotent(base_sequence: i32, records: u32) -> RecordBatch {
    let number = base_sequence as u32;
    RecordBatch { producer_id: 7, producer_epoch: 0, base_sequence, ..batch_of(number, records) }
}

/// Kafka's defaults in the newest release.
pub(super) fn broker_config() -> BrokerConfig {
    fixture::broker_config(Release::NEWEST)
}

/// What a test's cluster is to be.
pub(super) struct Setup {
    pub(super) brokers: u32,
    /// Replicas of each partition of the one topic.
    pub(super) assignment: Vec<Vec<u32>>,
    pub(super) broker: BrokerConfig,
    pub(super) topic: TopicConfig,
    pub(super) service: Span,
    /// One a broker, or none.
    pub(super) racks: Vec<String>,
}

impl Default for Setup {
    /// Three brokers, one partition on all of them, broker 0 leads.
    fn default() -> Self {
        Setup {
            brokers: 3,
            assignment: vec![vec![0, 1, 2]],
            broker: broker_config(),
            topic: topic_config(),
            service: Span::ZERO,
            racks: Vec::new(),
        }
    }
}

/// A request to the controller that a test has to answer.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) broker: u32,
    pub(super) correlation: u64,
    pub(super) request: Request,
}

/// Brokers, warm, whose messages arrive at once and in order, as far as nothing is cut.
pub(super) struct Cluster {
    pub(super) now: Time,
    pub(super) brokers: Vec<Broker>,
    chance: Scripted,
    trace: Tracer<Recorder>,
    timers: BTreeMap<(Time, u64), (usize, BrokerTimer, Seq)>,
    timers_set: u64,
    outputs: VecDeque<(usize, BrokerOutput)>,
    connections: BTreeMap<(usize, usize), u64>,
    connections_made: u64,
    /// Pairs between which nothing arrives, neither way.
    cut: Vec<(usize, usize)>,
    down: Vec<bool>,
    /// Who takes connections.
    pub(super) listening: Vec<bool>,
    /// Who has ended in order.
    pub(super) ended: Vec<bool>,
    requests: u64,
    /// What clients were answered, by correlation.
    answers: BTreeMap<u64, Reply>,
    asked: VecDeque<Asked>,
    /// Whether heartbeats of registered brokers are answered without a test's doing.
    pub(super) answers_heartbeats: bool,
}

/// Connections of clients have numbers from here on.
const CLIENTS: u64 = 1_000_000;

impl Cluster {
    pub(super) fn new(setup: Setup) -> Cluster {
        let config = Arc::new(setup.broker);
        let replicas = |ids: &Vec<u32>| ids.iter().copied().map(BrokerId).collect();
        let assignment = setup.assignment.iter().map(replicas).collect();
        let topics = [Topic { name: "orders".into(), config: setup.topic, assignment }];
        let service = Sampled::Constant(setup.service);
        let timing = Timing { service, flush: Span::from_millis(30_000), metadata: None };
        let racks: Arc<[String]> = setup.racks.into();
        let mut chance = Scripted::new();
        let names = Names { topics: vec!["orders".into()], ..Names::default() };
        let brokers: Vec<Broker> = (0..setup.brokers)
            .map(|id| {
                let config = Arc::clone(&config);
                Broker::new(BrokerId(id), setup.brokers, config, &topics, &timing, &mut chance)
                    .with_racks(Arc::clone(&racks))
            })
            .collect();
        let mut cluster = Cluster {
            now: Time::ZERO,
            down: vec![false; brokers.len()],
            listening: vec![true; brokers.len()],
            ended: vec![false; brokers.len()],
            brokers,
            chance,
            trace: Tracer::new(Recorder::all(), Arc::new(names)),
            timers: BTreeMap::new(),
            timers_set: 0,
            outputs: VecDeque::new(),
            connections: BTreeMap::new(),
            connections_made: 0,
            cut: Vec::new(),
            requests: CLIENTS,
            answers: BTreeMap::new(),
            asked: VecDeque::new(),
            answers_heartbeats: true,
        };
        for broker in 0..cluster.brokers.len() {
            cluster.input(broker, |broker, cx| broker.warm(cx, &topics));
        }
        cluster.settle();
        cluster
    }

    /// Gives one broker an input; what it wants done waits for [`Cluster::settle`].
    pub(super) fn input(&mut self, at: usize, act: impl FnOnce(&mut Broker, &mut Cx<'_, Recorder>)) {
        let mut cx = Cx { now: self.now, chance: &mut self.chance, trace: &mut self.trace };
        act(&mut self.brokers[at], &mut cx);
        let mut outputs = Vec::new();
        self.brokers[at].take_outputs(&mut outputs);
        self.outputs.extend(outputs.into_iter().map(|output| (at, output)));
    }

    /// Carries messages until nobody has anything to say.
    pub(super) fn settle(&mut self) {
        while let Some((from, output)) = self.outputs.pop_front() {
            match output {
                BrokerOutput::Ask { peer: Peer::Broker(to), correlation, request, .. } => {
                    self.ask_broker(from, to.0 as usize, correlation, request);
                }
                BrokerOutput::Ask { peer: Peer::Controller, correlation, request, .. } => {
                    self.ask_controller(from, correlation, request);
                }
                BrokerOutput::Reply { ticket, reply, .. } => self.reply(from, ticket, reply),
                BrokerOutput::Hang { peer: Peer::Broker(to), .. } => {
                    self.connections.remove(&(from, to.0 as usize));
                }
                BrokerOutput::Listens => self.listening[from] = true,
                BrokerOutput::Stopped { .. } => self.ended[from] = true,
                BrokerOutput::Hang { peer: Peer::Controller, .. } => {}
                BrokerOutput::Timer { at, timer, cause } => {
                    self.timers_set += 1;
                    self.timers.insert((at, self.timers_set), (from, timer, cause));
                }
            }
        }
    }

    fn ask_controller(&mut self, from: usize, correlation: u64, request: Request) {
        match request {
            Request::Heartbeat(request) if self.answers_heartbeats && request.broker_epoch >= 0 => {
                let broker_epoch = request.broker_epoch;
                let answer = HeartbeatResponse { broker_epoch, ..HeartbeatResponse::default() };
                self.input(from, |broker, cx| {
                    broker.answer(cx, correlation, Response::Heartbeat(answer), Seq::OUTSIDE);
                });
            }
            request => self.asked.push_back(Asked { broker: from as u32, correlation, request }),
        }
    }

    fn ask_broker(&mut self, from: usize, to: usize, correlation: u64, request: Request) {
        if self.is_cut(from, to) {
            return;
        }
        if self.down[to] {
            return self.input(from, |broker, cx| broker.no_answer(cx, correlation, Seq::OUTSIDE));
        }
        let made = &mut self.connections_made;
        let connection = *self.connections.entry((from, to)).or_insert_with(|| {
            *made += 1;
            *made
        });
        let ends = Ends { follower: Some(BrokerId(from as u32)), ..Ends::default() };
        let ticket = Ticket { connection, correlation, message: 0, ends };
        self.input(to, |broker, cx| broker.request(cx, ticket, request, None, Seq::OUTSIDE));
    }

    fn reply(&mut self, from: usize, ticket: Ticket, reply: Reply) {
        let Some(BrokerId(asker)) = ticket.ends.follower else {
            self.answers.insert(ticket.correlation, reply);
            return;
        };
        let asker = asker as usize;
        let lives = self.connections.get(&(asker, from)) == Some(&ticket.connection);
        if let (true, false, Reply::Answer(response)) = (lives, self.is_cut(asker, from), reply) {
            let correlation = ticket.correlation;
            self.input(asker, |broker, cx| broker.answer(cx, correlation, response, Seq::OUTSIDE));
        }
    }

    fn is_cut(&self, a: usize, b: usize) -> bool {
        self.cut.contains(&(a, b)) || self.cut.contains(&(b, a))
    }

    /// Nothing arrives between these two any more.
    pub(super) fn cut(&mut self, a: usize, b: usize) {
        self.cut.push((a, b));
    }

    /// All cuts are healed; what was lost stays lost.
    pub(super) fn heal(&mut self) {
        self.cut.clear();
    }

    /// Time passes, timers and all.
    pub(super) fn run(&mut self, millis: i64) {
        let end = self.now + Span::from_millis(millis);
        self.settle();
        while let Some((&(at, place), _)) = self.timers.first_key_value().filter(|((at, _), _)| *at <= end) {
            if let Some((broker, timer, cause)) = self.timers.remove(&(at, place)) {
                self.now = at;
                if !self.down[broker] {
                    self.input(broker, |broker, cx| broker.timer(cx, timer, cause));
                    self.settle();
                }
            }
        }
        self.now = end;
    }

    /// Kills a broker's process; those who fetch from it learn at once that there will be no answer.
    pub(super) fn crash(&mut self, at: usize) {
        self.input(at, |broker, cx| broker.crash(cx, Seq::OUTSIDE));
        (self.down[at], self.listening[at]) = (true, false);
        self.connections.retain(|&(from, to), _| from != at && to != at);
        for follower in (0..self.brokers.len()).filter(|&other| other != at) {
            let leader = BrokerId(at as u32);
            let fetcher = self.brokers[follower].fetchers.get(leader.0 as usize);
            if let Some(outstanding) = fetcher.and_then(|fetcher| fetcher.outstanding) {
                self.input(follower, |broker, cx| {
                    broker.no_answer(cx, outstanding.correlation, Seq::OUTSIDE);
                });
            }
        }
        self.settle();
    }

    pub(super) fn shut_down(&mut self, at: usize) {
        self.input(at, |broker, cx| broker.shut_down(cx, Seq::OUTSIDE));
        self.settle();
    }

    pub(super) fn start(&mut self, at: usize) {
        self.down[at] = false;
        self.input(at, |broker, cx| broker.start(cx, Seq::OUTSIDE));
        self.settle();
    }

    /// A client's request on a connection of its own kind; its correlation.
    pub(super) fn send(
        &mut self,
        to: usize,
        connection: u64,
        request: Request,
        forced: Option<Forced>,
    ) -> u64 {
        self.requests += 1;
        let correlation = self.requests;
        let ticket =
            Ticket { connection: CLIENTS + connection, correlation, message: 0, ends: Ends::default() };
        self.input(to, |broker, cx| broker.request(cx, ticket, request, forced, Seq::OUTSIDE));
        self.settle();
        correlation
    }

    /// A producer's request on its first connection.
    pub(super) fn produce(&mut self, to: usize, acks: i16, batches: Vec<RecordBatch>) -> u64 {
        self.send(to, 1, produce(acks, batches), None)
    }

    /// What the client was answered, if it was.
    pub(super) fn reply_to(&self, correlation: u64) -> Option<&Reply> {
        self.answers.get(&correlation)
    }

    /// The results of a produce request, if it was answered.
    pub(super) fn results(&self, correlation: u64) -> Option<Vec<PartitionResult>> {
        match self.answers.get(&correlation)? {
            Reply::Answer(Response::Produce(response)) => Some(response.partitions.clone()),
            other => panic!("a produce request was answered with {other:?}"),
        }
    }

    /// The only result of a produce request.
    pub(super) fn result(&self, correlation: u64) -> Option<PartitionResult> {
        self.results(correlation).map(|results| results[0].clone())
    }

    /// A fetch of a consumer that is served by leaders only; its correlation.
    pub(super) fn consume(&mut self, from: usize, offset: i64, leader_epoch: i32) -> u64 {
        self.consume_in(None, from, offset, leader_epoch)
    }

    /// A fetch of a consumer in this rack; its correlation.
    pub(super) fn consume_in(
        &mut self,
        rack: Option<&str>,
        from: usize,
        offset: i64,
        leader_epoch: i32,
    ) -> u64 {
        let rack = rack.map(Arc::from);
        let partitions = [FetchPartition {
            tp: TP,
            fetch_offset: offset,
            current_leader_epoch: leader_epoch,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            max_bytes: 1 << 20,
        }]
        .into();
        let (max_wait_ms, min_bytes, max_bytes) = (500, 1, 50 << 20);
        let request =
            FetchRequest { follower: None, full: true, rack, max_wait_ms, min_bytes, max_bytes, partitions };
        self.send(from, 2, Request::Fetch(Arc::new(request)), None)
    }

    /// The answer to a fetch, if there is one.
    pub(super) fn fetched(&self, correlation: u64) -> Option<Arc<FetchResponse>> {
        match self.answers.get(&correlation)? {
            Reply::Answer(Response::Fetch(response)) => Some(Arc::clone(response)),
            other => panic!("a fetch was answered with {other:?}"),
        }
    }

    /// The controller's word on the first partition reaches these brokers.
    pub(super) fn decide(&mut self, to: &[usize], leader: Option<u32>, epochs: (i32, i32), isr: &[u32]) {
        self.decide_on(TP, to, leader, epochs, isr);
    }

    /// The controller's word on a partition reaches these brokers: leader, leader epoch and partition epoch, ISR.
    pub(super) fn decide_on(
        &mut self,
        tp: TopicPartition,
        to: &[usize],
        leader: Option<u32>,
        epochs: (i32, i32),
        isr: &[u32],
    ) {
        let ids = |ids: &[u32]| ids.iter().copied().map(BrokerId).collect::<Arc<[BrokerId]>>();
        let update = MetadataUpdate::Partition {
            offset: epochs.1 as u64,
            tp,
            replicas: self.brokers[0].image.partition(tp).map_or_else(
                || ids(&(0..self.brokers.len() as u32).collect::<Vec<_>>()),
                |known| known.replicas.clone(),
            ),
            leader: leader.map(BrokerId),
            leader_epoch: epochs.0,
            partition_epoch: epochs.1,
            isr: ids(isr),
        };
        self.tell(to, &update);
    }

    /// The controller's word on a broker reaches these brokers.
    pub(super) fn decide_broker(&mut self, to: &[usize], broker: u32, broker_epoch: i64, fenced: bool) {
        let broker = BrokerId(broker);
        let update = MetadataUpdate::Broker { offset: 1, broker, broker_epoch, fenced, shutting_down: false };
        self.tell(to, &update);
    }

    fn tell(&mut self, to: &[usize], update: &MetadataUpdate) {
        for &broker in to {
            self.input(broker, |broker, cx| broker.update(cx, update, Seq::OUTSIDE));
        }
        self.run(0);
    }

    /// The next request to the controller, heartbeats left out.
    pub(super) fn asked(&mut self) -> Option<Asked> {
        self.asked.retain(|asked| !matches!(asked.request, Request::Heartbeat(_)));
        self.asked.pop_front()
    }

    /// The next heartbeat or registration of a broker.
    pub(super) fn heartbeat(&mut self, of: u32) -> Option<Asked> {
        let is_it = |asked: &Asked| asked.broker == of && matches!(asked.request, Request::Heartbeat(_));
        let at = self.asked.iter().position(is_it)?;
        self.asked.remove(at)
    }

    /// The controller answers.
    pub(super) fn answer(&mut self, asked: &Asked, response: Response) {
        let correlation = asked.correlation;
        self.input(asked.broker as usize, |broker, cx| {
            broker.answer(cx, correlation, response, Seq::OUTSIDE);
        });
        self.settle();
    }

    pub(super) fn replica(&self, at: usize) -> &Partition {
        self.brokers[at].partition(TP).expect("the partition is on every broker")
    }

    /// Log ends of all brokers.
    pub(super) fn ends(&self) -> Vec<i64> {
        (0..self.brokers.len()).map(|at| self.replica(at).log().end_offset()).collect()
    }

    /// High watermarks of all brokers.
    pub(super) fn hws(&self) -> Vec<i64> {
        (0..self.brokers.len()).map(|at| self.replica(at).high_watermark()).collect()
    }

    /// The names of the batches in a broker's log.
    pub(super) fn log(&self, at: usize) -> Vec<u32> {
        self.replica(at).log().batches().map(|stored| stored.batch.batch.number).collect()
    }

    /// The events of a kind so far.
    pub(super) fn events(&self, kind: EventKind) -> Vec<Event> {
        let events = self.trace.observer.events.iter();
        events.filter(|(_, event)| event.kind() == kind).map(|(_, event)| event.clone()).collect()
    }

    /// The tracer, for faults that events set off.
    pub(super) fn trace(&mut self) -> &mut Tracer<Recorder> {
        &mut self.trace
    }
}

/// A produce request with the client's default timeout.
pub(super) fn produce(acks: i16, batches: Vec<RecordBatch>) -> Request {
    let batches = batches.into_iter().map(Arc::new).collect();
    Request::Produce(Arc::new(ProduceRequest { acks, timeout_ms: 30_000, batches }))
}

/// Broker, log end before and after of each truncation.
pub(super) fn truncations(cluster: &Cluster) -> Vec<(u32, i64, i64)> {
    let cut = |event: &Event| match *event {
        Event::Truncated { broker, from, to, .. } => (broker.0, from, to),
        _ => unreachable!("only truncations were asked for"),
    };
    cluster.events(EventKind::Truncated).iter().map(cut).collect()
}

/// Leader 0 with a committed record and two batches that reached nobody; brokers 1 and 2 have elected 1 in epoch 1.
pub(super) fn fork(cluster: &mut Cluster) {
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.cut(0, 1);
    cluster.cut(0, 2);
    cluster.produce(0, 1, vec![batch_of(1, 1)]);
    cluster.produce(0, 1, vec![batch_of(2, 1)]);
    cluster.decide(&[1, 2], Some(1), (1, 1), &[1, 2]);
    cluster.produce(1, 1, vec![batch_of(3, 1)]);
    cluster.heal();
}

/// Broker 0 leads epoch 2 by itself and appends; broker 1 never hears of it and leads epoch 3.
pub(super) fn fork_twice(cluster: &mut Cluster) {
    fork(cluster);
    cluster.cut(0, 1);
    cluster.cut(0, 2);
    cluster.decide(&[0], Some(0), (2, 2), &[0]);
    cluster.produce(0, 1, vec![batch_of(4, 1)]);
    cluster.decide(&[1, 2], Some(1), (3, 3), &[1, 2]);
    cluster.produce(1, 1, vec![batch_of(5, 1)]);
    cluster.heal();
    assert_eq!((cluster.log(0), cluster.log(1)), (vec![0, 1, 2, 4], vec![0, 3, 5]));
}

/// Broker 0 leads epoch 5 with one committed record and two that reached nobody; brokers 1 and 2 hear nothing of it, and broker 1
/// leads an older epoch, 3.
pub(super) fn lead_beyond(cluster: &mut Cluster) {
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.cut(0, 1);
    cluster.cut(0, 2);
    cluster.decide(&[0], Some(0), (5, 1), &[0, 1, 2]);
    cluster.produce(0, 1, vec![batch_of(1, 2)]);
    cluster.decide(&[1, 2], Some(1), (3, 2), &[1, 2]);
    cluster.heal();
}
