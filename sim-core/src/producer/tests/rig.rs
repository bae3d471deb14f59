//! A producer against a far end in virtual time: two brokers that answer every request after a round trip, unless a test
//! says otherwise.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::chance::{Script, Scripted};
use crate::config::{Origin, ProducerConfig, ProducerExtras, Release, Settings, resolve_producer};
use crate::producer::{Completion, FlushId, Outcome, Outgoing, Producer, Sending, ThreadIx, Turn};
use crate::protocol::{
    Arrival, ClientAction, ErrorCode, Exception, Few, InitProducerIdResponse, LeaderHint, MetadataResponse,
    PartitionMetadata, PartitionResult, ProduceResponse, Request, Response, TopicMetadata,
};
use crate::record::{BrokerId, Names, ProducerIx, RecordBatch, RecordId, TopicIx, TopicPartition};
use crate::serializer::Payload;
use crate::time::{Span, Time};
use crate::trace::{Cx, Event, EventKind, Recorder, Seq, Tracer};

/// The application's thread; it sends one record after the other, or waits in `send()`.
pub(super) const MAIN: ThreadIx = ThreadIx(0);
pub(super) const TOPIC: TopicIx = TopicIx(0);
/// Partitions 0 and 1 are led by broker 0, partition 2 by broker 1.
pub(super) const NODE_0: BrokerId = BrokerId(0);
pub(super) const NODE_1: BrokerId = BrokerId(1);
/// From the writing of a request to the reading of its answer.
pub(super) const ROUND_TRIP_MS: i64 = 2;

/// What becomes of a produce request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Success.
    Ok,
    /// This error for every batch.
    Error(ErrorCode),
    /// Success, so many ms after the request.
    Late(i64),
    /// This error, so many ms after the request.
    LateError(ErrorCode, i64),
    /// Nothing ever comes back.
    Lost,
    /// NOT_LEADER_OR_FOLLOWER with the name of a new leader.
    NewLeader(LeaderHint),
    /// Success, and the broker wants to be left alone so many ms.
    Throttle(i32),
    /// INVALID_RECORD for the records at these places.
    Refused(Vec<u32>),
    /// UNKNOWN_PRODUCER_ID with this log start.
    UnknownProducer(i64),
}

/// A produce request that was written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) at_ms: i64,
    pub(super) node: BrokerId,
    pub(super) batches: Few<Arc<RecordBatch>>,
}

impl Written {
    /// Partition and records of each batch.
    pub(super) fn content(&self) -> Vec<(u32, Vec<u32>)> {
        self.batches.iter().map(|batch| (batch.tp.partition, batch.records.iter().collect())).collect()
    }

    /// Epoch and first sequence of each batch.
    pub(super) fn sequences(&self) -> Vec<(i16, i32)> {
        self.batches.iter().map(|batch| (batch.producer_epoch, batch.base_sequence)).collect()
    }
}

/// What a callback was told, and when.
pub(super) type Result = (i64, u32, std::result::Result<i64, Exception>);

/// The producer, its application and its far end.
pub(super) struct Rig {
    pub(super) producer: Producer,
    chance: Scripted,
    trace: Tracer<Recorder>,
    pub(super) now: Time,
    /// Until when the sender sleeps, and whether in `poll`.
    asleep: Option<(Time, bool)>,
    ended: bool,
    arrivals: BTreeMap<(Time, u64), (BrokerId, Arrival)>,
    next_arrival: u64,
    /// Answers of a connection keep the order of its requests: none comes before this.
    last_answer: BTreeMap<BrokerId, Time>,
    next_record: u32,
    /// The `send()` that waits.
    blocked: Option<Waiting>,
    offsets: BTreeMap<TopicPartition, i64>,
    leaders: Vec<(Option<BrokerId>, i32)>,
    /// How the next produce requests are answered, in the order of their writing; then `Ok`.
    pub(super) answers: VecDeque<Answer>,
    /// How the next requests for a producer id are answered; then with id 7.
    pub(super) id_answers: VecDeque<ErrorCode>,
    /// Whether connections that are opened from now on are refused.
    pub(super) refuses: bool,
    pub(super) written: Vec<Written>,
    /// When metadata was asked for, and about how many topics.
    pub(super) metadata_asked: Vec<(i64, usize)>,
    /// When a producer id was asked for.
    pub(super) ids_asked: Vec<i64>,
    /// When connections were started.
    pub(super) connects: Vec<(i64, BrokerId)>,
    pub(super) results: Vec<Result>,
    /// What `send()` itself failed with: when, record, exception, whether thrown.
    pub(super) rejected: Vec<(i64, u32, Exception, bool)>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    record: u32,
    partition: Option<u32>,
    bytes: u32,
}

/// The release of the reference's column 4.x.
pub(super) const NEWEST: Release = Release::NEWEST;

/// A client's settings: `key=value`, one a line.
pub(super) fn config(release: Release, properties: &[(&str, &str)]) -> ProducerConfig {
    let mut settings = Settings::new();
    for (line, (key, value)) in (1..).zip(properties) {
        settings.push(*key, *value, Origin::Properties { file: "test".into(), line });
    }
    let extras = ProducerExtras {
        client_id: "shop".to_owned(),
        partitioner: None,
        compression_ratio: None,
        jitter: false,
    };
    resolve_producer(release, &settings, extras).expect("a configuration that Kafka takes").config
}

/// The batches of a request: partition, and the records in it.
pub(super) type Batches = Vec<(u32, Vec<u32>)>;

impl Rig {
    /// A warm producer of the newest release with these settings.
    pub(super) fn new(properties: &[(&str, &str)]) -> Rig {
        Rig::of(NEWEST, properties)
    }

    /// A warm producer of this release.
    pub(super) fn of(release: Release, properties: &[(&str, &str)]) -> Rig {
        let mut rig = Rig::cold(release, properties);
        let metadata = rig.metadata(&[TOPIC]);
        rig.producer.warm_metadata(Time::ZERO, &metadata);
        rig.producer.warm_connections();
        rig.producer.warm_producer_id(7, 0);
        rig
    }

    /// A producer that knows nothing but broker 0.
    pub(super) fn cold(release: Release, properties: &[(&str, &str)]) -> Rig {
        let names = Arc::new(Names {
            producers: vec!["shop".to_owned()],
            topics: vec!["orders".to_owned(), "invoices".to_owned()],
            ..Names::default()
        });
        let mut chance = Scripted::new().with("sticky", Script::Count).with("jitter", Script::Middle);
        let config = Arc::new(config(release, properties));
        let producer = Producer::new(ProducerIx(0), config, &[NODE_0], &names, &mut chance);
        Rig {
            producer,
            chance,
            trace: Tracer::new(Recorder::all(), names),
            now: Time::ZERO,
            asleep: None,
            ended: false,
            arrivals: BTreeMap::new(),
            next_arrival: 0,
            last_answer: BTreeMap::new(),
            next_record: 0,
            blocked: None,
            offsets: BTreeMap::new(),
            leaders: vec![(Some(NODE_0), 0), (Some(NODE_0), 0), (Some(NODE_1), 0)],
            answers: VecDeque::new(),
            id_answers: VecDeque::new(),
            refuses: false,
            written: Vec::new(),
            metadata_asked: Vec::new(),
            ids_asked: Vec::new(),
            connects: Vec::new(),
            results: Vec::new(),
            rejected: Vec::new(),
        }
    }

    /// The next produce requests are answered like this.
    #[must_use]
    pub(super) fn answering(mut self, answers: &[Answer]) -> Rig {
        self.answers.extend(answers.iter().cloned());
        self
    }

    /// `send()` of 100 bytes without a key to this partition.
    pub(super) fn send(&mut self, partition: u32) -> Sending {
        self.send_bytes(Some(partition), 100)
    }

    /// `send()` of so many bytes without a key.
    pub(super) fn send_bytes(&mut self, partition: Option<u32>, bytes: u32) -> Sending {
        let waiting = Waiting { record: self.next_record, partition, bytes };
        self.next_record += 1;
        let outgoing = outgoing(&waiting, Payload::Null);
        let sending = self.with_cx(|producer, cx| producer.send(cx, MAIN, &outgoing));
        self.sent(waiting, sending)
    }

    /// `send()` with a key and no partition.
    pub(super) fn send_keyed(&mut self, key: &str) -> Sending {
        let waiting = Waiting { record: self.next_record, partition: None, bytes: 100 };
        self.next_record += 1;
        let outgoing = outgoing(&waiting, Payload::Text(key));
        let sending = self.with_cx(|producer, cx| producer.send(cx, MAIN, &outgoing));
        self.sent(waiting, sending)
    }

    fn sent(&mut self, waiting: Waiting, sending: Sending) -> Sending {
        let failure = match sending {
            Sending::Blocked => {
                self.blocked = Some(waiting);
                None
            }
            Sending::Rejected { error, thrown, .. } => Some((error, thrown)),
            Sending::Appended { thrown, .. } => thrown.map(|error| (error, !error.is_api_exception())),
        };
        if let Some((error, thrown)) = failure {
            self.rejected.push((self.now.millis(), waiting.record, error, thrown));
        }
        sending
    }

    /// `flush()` without its wait.
    pub(super) fn flush(&mut self) -> FlushId {
        self.producer.flush(Seq::OUTSIDE)
    }

    /// A metadata answer about these topics; only `orders` is in the cluster.
    pub(super) fn metadata(&self, topics: &[TopicIx]) -> MetadataResponse {
        let partition =
            |(number, &(leader, leader_epoch)): (usize, &(Option<BrokerId>, i32))| PartitionMetadata {
                partition: number as u32,
                error: if leader.is_some() { ErrorCode::None } else { ErrorCode::LeaderNotAvailable },
                leader,
                leader_epoch,
            };
        let topic = |&topic: &TopicIx| match topic {
            TOPIC => TopicMetadata {
                topic,
                error: ErrorCode::None,
                partitions: self.leaders.iter().enumerate().map(partition).collect(),
            },
            _ => TopicMetadata { topic, error: ErrorCode::UnknownTopicOrPartition, partitions: Vec::new() },
        };
        MetadataResponse { brokers: vec![NODE_0, NODE_1], topics: topics.iter().map(topic).collect() }
    }

    /// From now on metadata answers say so.
    pub(super) fn move_leader(&mut self, partition: usize, leader: Option<BrokerId>, epoch: i32) {
        self.leaders[partition] = (leader, epoch);
    }

    /// The topic has one more partition, led by broker 0.
    pub(super) fn add_partition(&mut self) {
        self.leaders.push((Some(NODE_0), 0));
    }

    /// The connection to this broker breaks now.
    pub(super) fn break_connection(&mut self, node: BrokerId) {
        self.arrivals.retain(|_, (other, _)| *other != node);
        self.arrive(0, node, Arrival::Closed);
    }

    /// Lets time pass up to and including this instant.
    pub(super) fn run_to(&mut self, until_ms: i64) {
        let until = Time::from_millis(until_ms);
        loop {
            if self.asleep.is_none() && !self.ended {
                self.turns();
            }
            let next = self.next_instant();
            if next > until {
                break;
            }
            self.now = self.now.max(next);
            self.deliver();
            self.unblock();
            let Some((end, in_poll)) = self.asleep else { break };
            let woken = in_poll && (self.producer.has_arrivals() || self.producer.take_wakeup());
            if woken || end <= self.now {
                if in_poll {
                    self.with_cx(Producer::poll_ends);
                }
                self.asleep = None;
            }
        }
        self.now = until;
    }

    /// When the sender's sleep ends if nothing ends it sooner, in ms.
    pub(super) fn sleeps_until(&self) -> Option<i64> {
        self.asleep.map(|(until, _)| until.millis())
    }

    /// Lets so much time pass.
    pub(super) fn run_for(&mut self, ms: i64) {
        self.run_to(self.now.millis() + ms);
    }

    /// The next instant at which anything happens.
    fn next_instant(&self) -> Time {
        let Some((end, in_poll)) = self.asleep else { return Time::NEVER };
        if in_poll && (self.producer.has_arrivals() || self.producer.wakeup_pending()) {
            return self.now;
        }
        let arrival = self.arrivals.first_key_value().map_or(Time::NEVER, |(&(at, _), _)| at);
        let deadline = self.producer.blocked_deadline(MAIN).unwrap_or(Time::NEVER);
        end.min(arrival).min(deadline)
    }

    fn deliver(&mut self) {
        while let Some(first) = self.arrivals.first_entry().filter(|first| first.key().0 <= self.now) {
            let (node, arrival) = first.remove();
            self.producer.arrive(node, arrival, Seq::OUTSIDE);
        }
    }

    fn unblock(&mut self) {
        while let Some(waiting) = self.blocked
            && self.producer.may_resume(self.now, MAIN)
        {
            self.blocked = None;
            let outgoing = outgoing(&waiting, Payload::Null);
            let sending = self.with_cx(|producer, cx| producer.resume(cx, MAIN, &outgoing));
            if self.sent(waiting, sending) == Sending::Blocked {
                break;
            }
        }
    }

    /// Runs the sender's thread until it sleeps.
    fn turns(&mut self) {
        loop {
            match self.with_cx(Producer::next) {
                Turn::Callbacks(completion) => self.call_back(&completion),
                Turn::Application => self.unblock(),
                Turn::Poll { until, .. } => {
                    self.select();
                    self.asleep = Some((until, true));
                    return;
                }
                Turn::Sleep { until } => {
                    self.select();
                    self.asleep = Some((until, false));
                    return;
                }
                Turn::Ended => {
                    self.select();
                    self.ended = true;
                    self.unblock();
                    return;
                }
            }
        }
    }

    fn call_back(&mut self, completion: &Completion) {
        for (place, record) in completion.records.iter().enumerate() {
            let told = match &completion.outcome {
                Outcome::Acknowledged { base_offset: -1 } | Outcome::Unconfirmed => Ok(-1),
                Outcome::Acknowledged { base_offset } => Ok(base_offset + place as i64),
                Outcome::Failed(error) => Err(*error),
                Outcome::FailedEach(errors) => Err(errors[place]),
            };
            self.results.push((self.now.millis(), record, told));
        }
    }

    fn select(&mut self) {
        let mut actions = Vec::new();
        self.producer.take_actions(&mut actions);
        for action in actions {
            match action {
                ClientAction::Connect { node, .. } => {
                    self.connects.push((self.now.millis(), node));
                    let arrival = if self.refuses { Arrival::Refused } else { Arrival::Opened };
                    self.arrive(1, node, arrival);
                }
                ClientAction::Close { node, .. } => {
                    self.arrivals.retain(|_, (other, _)| *other != node);
                }
                ClientAction::Write { node, correlation, request, .. } => {
                    self.answer(node, correlation, request);
                }
            }
        }
    }

    fn arrive(&mut self, in_ms: i64, node: BrokerId, arrival: Arrival) {
        self.next_arrival += 1;
        let mut at = self.now + Span::from_millis(in_ms);
        if let Arrival::Response { .. } = arrival {
            let last = self.last_answer.entry(node).or_insert(at);
            at = at.max(*last);
            *last = at;
        } else {
            self.last_answer.remove(&node);
        }
        self.arrivals.insert((at, self.next_arrival), (node, arrival));
    }

    fn answer(&mut self, node: BrokerId, correlation: u64, request: Request) {
        let now_ms = self.now.millis();
        let response = match request {
            Request::Produce(produce) => {
                self.written.push(Written { at_ms: now_ms, node, batches: produce.batches.clone() });
                if produce.acks != 0 {
                    self.answer_produce(node, correlation, &produce.batches);
                }
                return;
            }
            Request::Metadata(metadata) => {
                self.metadata_asked.push((now_ms, metadata.topics.len()));
                Response::Metadata(Arc::new(self.metadata(&metadata.topics)))
            }
            _ => {
                self.ids_asked.push(now_ms);
                let error = self.id_answers.pop_front().unwrap_or(ErrorCode::None);
                let producer_id = if error.is_error() { -1 } else { 7 };
                Response::InitProducerId(InitProducerIdResponse { error, producer_id, producer_epoch: 0 })
            }
        };
        self.arrive(ROUND_TRIP_MS, node, Arrival::Response { correlation, response });
    }

    fn answer_produce(&mut self, node: BrokerId, correlation: u64, batches: &[Arc<RecordBatch>]) {
        let answer = self.answers.pop_front().unwrap_or(Answer::Ok);
        let (mut in_ms, mut throttle_ms) = (ROUND_TRIP_MS, 0);
        let mut result =
            PartitionResult { base_offset: -1, log_append_time: -1, ..PartitionResult::default() };
        match answer {
            Answer::Ok => {}
            Answer::Late(ms) => in_ms = ms,
            Answer::Error(error) => result.error = error,
            Answer::LateError(error, ms) => (result.error, in_ms) = (error, ms),
            Answer::Lost => return,
            Answer::Throttle(ms) => throttle_ms = ms,
            Answer::NewLeader(hint) => {
                (result.error, result.leader_hint) = (ErrorCode::NotLeaderOrFollower, Some(hint));
            }
            Answer::Refused(places) => {
                (result.error, result.record_errors) = (ErrorCode::InvalidRecord, places);
            }
            Answer::UnknownProducer(log_start_offset) => {
                (result.error, result.log_start_offset) = (ErrorCode::UnknownProducerId, log_start_offset);
            }
        }
        let partitions = batches.iter().map(|batch| {
            let next = self.offsets.entry(batch.tp).or_insert(0);
            let mut result = PartitionResult { tp: batch.tp, batch: batch.batch, ..result.clone() };
            if !result.error.is_error() {
                result.base_offset = *next;
                *next += i64::from(batch.records.len());
            }
            result
        });
        let response = ProduceResponse { partitions: partitions.collect(), throttle_ms };
        let response = Response::Produce(Arc::new(response));
        self.arrive(in_ms, node, Arrival::Response { correlation, response });
    }

    fn with_cx<T>(&mut self, f: impl FnOnce(&mut Producer, &mut Cx<'_, Recorder>) -> T) -> T {
        let mut cx = Cx { now: self.now, chance: &mut self.chance, trace: &mut self.trace };
        f(&mut self.producer, &mut cx)
    }

    /// When produce requests were written, with partition and records of each batch.
    pub(super) fn requests(&self) -> Vec<(i64, Batches)> {
        self.written.iter().map(|written| (written.at_ms, written.content())).collect()
    }

    /// When produce requests were written.
    pub(super) fn request_times(&self) -> Vec<i64> {
        self.written.iter().map(|written| written.at_ms).collect()
    }

    /// The records of each request, all partitions together.
    pub(super) fn records_sent(&self) -> Vec<Vec<u32>> {
        let records = |written: &Written| {
            written.batches.iter().flat_map(|batch| batch.records.iter().collect::<Vec<_>>()).collect()
        };
        self.written.iter().map(records).collect()
    }

    /// The events of this kind, in order.
    pub(super) fn events(&self, kind: EventKind) -> Vec<&Event> {
        self.trace
            .observer
            .events
            .iter()
            .map(|(_, event)| event)
            .filter(|event| event.kind() == kind)
            .collect()
    }

    /// Kind, number and cause of every event.
    pub(super) fn stamps(&self) -> Vec<(EventKind, Seq, Seq)> {
        let events = &self.trace.observer.events;
        events.iter().map(|(stamp, event)| (event.kind(), stamp.seq, stamp.cause)).collect()
    }

    /// When the first event of this kind happened, in ms.
    pub(super) fn stamp_of(&self, kind: EventKind) -> Option<i64> {
        let events = &self.trace.observer.events;
        events.iter().find(|(_, event)| event.kind() == kind).map(|(stamp, _)| stamp.time.millis())
    }

    /// What the application was told of a record.
    pub(super) fn result(&self, record: u32) -> Option<(i64, std::result::Result<i64, Exception>)> {
        self.results.iter().find(|result| result.1 == record).map(|&(at_ms, _, told)| (at_ms, told))
    }
}

fn outgoing<'a>(waiting: &Waiting, key: Payload<'a>) -> Outgoing<'a> {
    Outgoing {
        id: RecordId { producer: ProducerIx(0), index: waiting.record },
        topic: TOPIC,
        partition: waiting.partition,
        key,
        value: Payload::Opaque(waiting.bytes),
        headers: &[],
        keep_content: false,
        cause: Seq::OUTSIDE,
    }
}
