//! A consumer of one topic, fed by hand.

use std::sync::Arc;

use crate::chance::{Script, Scripted};
use crate::config::{ConsumerConfig, IsolationLevel, OffsetReset, Release};
use crate::consumer::{Consumer, ConsumerTimer, KnownPartition};
use crate::protocol::{
    Arrival, ClientAction, EpochEnd, ErrorCode, FetchPartition, FetchResponse, FetchedPartition, Few,
    LeaderHint, ListOffsetsResponse, ListedOffset, MetadataResponse, OffsetsForLeaderEpochResponse,
    PartitionMetadata, Request, Response, TopicMetadata,
};
use crate::record::{
    BatchId, BrokerId, ConsumerIx, Names, ProducerIx, RecordBatch, StoredBatch, TopicIx, TopicPartition,
};
use crate::scenario;
use crate::time::Time;
use crate::trace::{Cx, Event, Observer, Recorder, Seq, Stamp, Tracer};

/// The event that brings what arrives.
pub(super) const ARRIVAL: Seq = Seq(1_000);

/// A consumer, its trace, and what it has asked for. Random factors are 1.
pub(super) struct World<O = Recorder> {
    pub(super) consumer: Consumer,
    now: Time,
    chance: Scripted,
    trace: Tracer<O>,
    actions: Vec<ClientAction>,
    timers: Vec<Time>,
}

/// A change of the settings.
pub(super) type Change = fn(&mut ConsumerConfig);

impl World {
    /// Three brokers, this many partitions led by broker 0, 1, 2, 0 ... in epoch 5; offsets 10 to 20 are there, and it
    /// reads from the earliest.
    pub(super) fn reading(partitions: u32) -> World {
        World::with(partitions, |_| {})
    }

    pub(super) fn with(partitions: u32, change: Change) -> World {
        World::observed(Recorder::all(), partitions, change)
    }

    pub(super) fn events(&self) -> &[(Stamp, Event)] {
        &self.trace.observer.events
    }

    /// The leaders that it has learned of, with their cause.
    pub(super) fn learned(&self) -> Vec<(Option<u32>, Seq)> {
        let events = self.events().iter();
        events
            .filter_map(|(stamp, event)| match event {
                Event::LeaderLearned { leader, .. } => Some((leader.0.map(|broker| broker.0), stamp.cause)),
                _ => None,
            })
            .collect()
    }
}

impl<O: Observer> World<O> {
    pub(super) fn observed(observer: O, partitions: u32, change: Change) -> World<O> {
        let names = Names {
            producers: vec!["shop".into()],
            consumers: vec!["audit".into()],
            topics: vec!["orders".into()],
            ..Names::default()
        };
        let mut config = config();
        change(&mut config);
        let mut chance =
            Scripted::new().with("jitter", Script::Middle).with("least-loaded", Script::Always(0));
        let settings = scenario::Consumer {
            id: "audit".into(),
            partitions: (0..partitions).map(tp).collect(),
            topics: vec![TopicIx(0)],
            config,
            start: Time::ZERO,
            decode: None,
        };
        let consumer = Consumer::new(ConsumerIx(0), &settings, &names, &mut chance);
        let trace = Tracer::new(observer, Arc::new(names));
        let (actions, timers) = (Vec::new(), Vec::new());
        let mut world = World { consumer, now: Time::ZERO, chance, trace, actions, timers };
        let known: Vec<KnownPartition> = (0..partitions).map(known).collect();
        let brokers: Vec<BrokerId> = (0..3).map(BrokerId).collect();
        world.drive(|consumer, cx| consumer.start(cx, &brokers, &known));
        world
    }

    fn drive(&mut self, act: impl FnOnce(&mut Consumer, &mut Cx<'_, O>)) {
        let mut cx = Cx { now: self.now, chance: &mut self.chance, trace: &mut self.trace };
        act(&mut self.consumer, &mut cx);
        self.consumer.take_actions(&mut self.actions);
        let mut timers = Vec::new();
        self.consumer.take_timers(&mut timers);
        for (at, _) in timers {
            assert!(at > self.now, "a timer that is due at once would never let time go on");
            self.timers.push(at);
        }
    }

    /// From now on it is so many ms after t=0; timers that are due fire on the way.
    pub(super) fn at(&mut self, millis: i64) -> &mut World<O> {
        let target = Time::from_millis(millis);
        while let Some(next) = self.timers.iter().copied().filter(|&at| at <= target).min() {
            self.timers.retain(|&at| at != next);
            self.now = next;
            self.drive(|consumer, cx| consumer.timer(cx, ConsumerTimer));
        }
        self.now = target;
        self
    }

    /// Lets time go on until it does this; when that is, in ms.
    pub(super) fn wait_for(&mut self, action: &str) -> i64 {
        while !self.done_without_clearing().iter().any(|done| done == action) {
            let next = self.timers.iter().copied().min().expect("something is still to come");
            self.actions.clear();
            self.at(next.millis());
        }
        self.actions.retain(|done| describe(done) != action);
        self.now_ms()
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.now.millis()
    }

    pub(super) fn set_reset(&mut self, reset: OffsetReset) {
        self.consumer.config.auto_offset_reset = reset;
    }

    pub(super) fn assign(&mut self, partitions: &[KnownPartition]) {
        self.drive(|consumer, cx| consumer.assign(cx, partitions));
    }

    /// Brokers 0 and 1 answer with two records each.
    pub(super) fn answer_to_both(&mut self) {
        let fetches = [0, 1].map(|node| (node, self.fetch_at(node)));
        for (node, (correlation, asked)) in fetches {
            self.answer_to(node, correlation, &asked, |asked| batch(asked, 10, 2));
        }
    }

    pub(super) fn arrive(&mut self, node: u32, arrival: Arrival) {
        self.drive(|consumer, cx| consumer.arrive(cx, BrokerId(node), arrival, ARRIVAL));
    }

    /// What it has done to its connections since this was last asked.
    pub(super) fn take(&mut self) -> Vec<ClientAction> {
        std::mem::take(&mut self.actions)
    }

    /// The same, in short: `connect 0`, `close 0 client`, `metadata 0`, `fetch 0 2@10/5` for offset 10 of partition 2 in
    /// leader epoch 5, `epochs 1 2@5/6` for the end of epoch 5 in epoch 6, `offsets 0 2@-1/5` for the latest offset.
    pub(super) fn done(&mut self) -> Vec<String> {
        self.take().iter().map(describe).collect()
    }

    /// The same, without forgetting it.
    pub(super) fn done_without_clearing(&self) -> Vec<String> {
        self.actions.iter().map(describe).collect()
    }

    /// The number of the fetch that is out at this broker, and what it asks for.
    pub(super) fn fetch_at(&self, node: u32) -> (u64, Few<FetchPartition>) {
        let fetch = self.actions.iter().rev().find_map(|action| match action {
            ClientAction::Write { node: to, correlation, request: Request::Fetch(fetch), .. }
                if to.0 == node =>
            {
                Some((*correlation, fetch.partitions.clone()))
            }
            _ => None,
        });
        fetch.unwrap_or_else(|| panic!("a fetch at broker {node} in {:?}", self.actions))
    }

    /// Answers the fetch that is out at this broker: each partition asked for as `answer` has it.
    pub(super) fn answer(&mut self, node: u32, answer: impl Fn(&FetchPartition) -> FetchedPartition) {
        let (correlation, asked) = self.fetch_at(node);
        self.actions.clear();
        self.answer_to(node, correlation, &asked, answer);
    }

    pub(super) fn answer_to(
        &mut self,
        node: u32,
        correlation: u64,
        asked: &[FetchPartition],
        answer: impl Fn(&FetchPartition) -> FetchedPartition,
    ) {
        let response = FetchResponse { partitions: asked.iter().map(answer).collect(), has_data: true };
        let response = Response::Fetch(Arc::new(response));
        self.arrive(node, Arrival::Response { correlation, response });
    }

    /// Answers what was asked of this broker about positions: for the only partition that was asked about, where its epoch
    /// ends (epoch and offset) or an offset (epoch -1).
    pub(super) fn answer_position(&mut self, node: u32, answer: Result<(i32, i64), ErrorCode>) {
        let error = answer.err().unwrap_or_default();
        let (leader_epoch, end_offset) = answer.unwrap_or((-1, -1));
        let asked = self.actions.iter().rev().find_map(|action| match action {
            ClientAction::Write { node: to, correlation, request, .. } if to.0 == node => match request {
                Request::OffsetsForLeaderEpoch(asked) => {
                    let tp = asked.partitions[0].tp;
                    let partitions = vec![EpochEnd { tp, error, leader_epoch, end_offset }];
                    let response = OffsetsForLeaderEpochResponse { partitions };
                    Some((*correlation, Response::OffsetsForLeaderEpoch(Arc::new(response))))
                }
                Request::ListOffsets(asked) => {
                    let partitions =
                        vec![ListedOffset { tp: asked.partitions[0].tp, error, offset: end_offset }];
                    let response = ListOffsetsResponse { partitions };
                    Some((*correlation, Response::ListOffsets(Arc::new(response))))
                }
                _ => None,
            },
            _ => None,
        });
        let (correlation, response) = asked.expect("broker was asked about a position");
        self.actions.clear();
        self.arrive(node, Arrival::Response { correlation, response });
    }

    /// Answers the metadata request that was written: every partition has this leader in this epoch.
    pub(super) fn answer_metadata(&mut self, leader: Option<u32>, leader_epoch: i32) {
        let asked = self.actions.iter().rev().find_map(|action| match action {
            ClientAction::Write { node, correlation, request: Request::Metadata(_), .. } => {
                Some((node.0, *correlation))
            }
            _ => None,
        });
        let (node, correlation) = asked.expect("metadata was asked for");
        let error = if leader.is_some() { ErrorCode::None } else { ErrorCode::LeaderNotAvailable };
        let partitions = self.consumer.partitions().iter().map(|assigned| PartitionMetadata {
            partition: assigned.tp.partition,
            error,
            leader: leader.map(BrokerId),
            leader_epoch,
        });
        let topic =
            TopicMetadata { topic: TopicIx(0), error: ErrorCode::None, partitions: partitions.collect() };
        let metadata = MetadataResponse { brokers: (0..3).map(BrokerId).collect(), topics: vec![topic] };
        self.actions.clear();
        let response = Response::Metadata(Arc::new(metadata));
        self.arrive(node, Arrival::Response { correlation, response });
    }

    /// How many events there have been.
    pub(super) fn event_count(&self) -> u64 {
        self.trace.events()
    }

    pub(super) fn position(&self, partition: u32) -> Option<i64> {
        self.consumer.positions().find(|(at, _)| *at == tp(partition)).map(|(_, position)| position)
    }
}

/// Partition of the only topic.
pub(super) fn tp(partition: u32) -> TopicPartition {
    TopicPartition { topic: TopicIx(0), partition }
}

pub(super) fn known(partition: u32) -> KnownPartition {
    KnownPartition {
        tp: tp(partition),
        leader: Some(BrokerId(partition % 3)),
        leader_epoch: 5,
        earliest: Some(10),
        latest: Some(20),
    }
}

/// Nothing new.
pub(super) fn empty(asked: &FetchPartition) -> FetchedPartition {
    FetchedPartition { tp: asked.tp, high_watermark: 20, log_start_offset: 10, ..FetchedPartition::default() }
}

/// One batch of so many records of `shop` from this offset on, named by their offsets.
pub(super) fn batch(asked: &FetchPartition, base_offset: i64, records: u32) -> FetchedPartition {
    let first = u32::try_from(base_offset).expect("small");
    let batch = RecordBatch {
        batch: BatchId { producer: ProducerIx(0), number: first },
        tp: asked.tp,
        records: (first..first + records).collect(),
        ..RecordBatch::default()
    };
    let stored = StoredBatch { base_offset, leader_epoch: 5, log_append_time: -1, batch: Arc::new(batch) };
    let high_watermark = 20.max(stored.next_offset());
    FetchedPartition { batches: [stored].into(), high_watermark, ..empty(asked) }
}

/// This error.
pub(super) fn error(asked: &FetchPartition, error: ErrorCode) -> FetchedPartition {
    FetchedPartition { error, ..empty(asked) }
}

/// Not the leader, but I know who is.
pub(super) fn hint(asked: &FetchPartition, leader: u32, leader_epoch: i32) -> FetchedPartition {
    let leader_hint = Some(LeaderHint { leader: BrokerId(leader), leader_epoch });
    FetchedPartition { leader_hint, ..error(asked, ErrorCode::NotLeaderOrFollower) }
}

fn describe(action: &ClientAction) -> String {
    match action {
        ClientAction::Connect { node, .. } => format!("connect {node}"),
        ClientAction::Close { node, by, .. } => format!("close {node} {by}"),
        ClientAction::Write { node, request: Request::Fetch(fetch), .. } => {
            let asked = fetch.partitions.iter();
            let asked: Vec<String> = asked
                .map(|asked| {
                    format!("{}@{}/{}", asked.tp.partition, asked.fetch_offset, asked.current_leader_epoch)
                })
                .collect();
            format!("fetch {node} {}", asked.join(" "))
        }
        ClientAction::Write { node, request: Request::Metadata(_), .. } => format!("metadata {node}"),
        ClientAction::Write { node, request: Request::OffsetsForLeaderEpoch(epochs), .. } => {
            let asked = epochs.partitions.iter();
            let asked: Vec<String> = asked
                .map(|asked| {
                    format!("{}@{}/{}", asked.tp.partition, asked.leader_epoch, asked.current_leader_epoch)
                })
                .collect();
            format!("epochs {node} {}", asked.join(" "))
        }
        ClientAction::Write { node, request: Request::ListOffsets(offsets), .. } => {
            let asked = offsets.partitions.iter();
            let asked: Vec<String> = asked
                .map(|asked| {
                    format!("{}@{}/{}", asked.tp.partition, asked.timestamp, asked.current_leader_epoch)
                })
                .collect();
            format!("offsets {node} {}", asked.join(" "))
        }
        ClientAction::Write { .. } => "something else".into(),
    }
}

/// Kafka's defaults (`broker.md 9`), but `earliest`.
fn config() -> ConsumerConfig {
    ConsumerConfig {
        release: Release::NEWEST,
        fetch_min_bytes: 1,
        fetch_max_wait_ms: 500,
        fetch_max_bytes: 50 << 20,
        max_partition_fetch_bytes: 1 << 20,
        auto_offset_reset: OffsetReset::Earliest,
        isolation_level: IsolationLevel::ReadUncommitted,
        request_timeout_ms: 30_000,
        retry_backoff_ms: 100,
        retry_backoff_max_ms: 1_000,
        reconnect_backoff_ms: 50,
        reconnect_backoff_max_ms: 1_000,
        connection_setup_timeout_ms: Some(10_000),
        connection_setup_timeout_max_ms: 30_000,
        metadata_max_age_ms: 300_000,
        client_rack: String::new(),
    }
}
