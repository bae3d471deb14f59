//! Requests and answers, with the fields that the model uses.

use std::sync::Arc;

use smallvec::SmallVec;

use super::ErrorCode;
use super::offsets::{
    ListOffsetsRequest, ListOffsetsResponse, OffsetsForLeaderEpochRequest, OffsetsForLeaderEpochResponse,
};
use crate::record::{BatchId, BrokerId, RecordBatch, StoredBatch, TopicIx, TopicPartition};

/// A list that nearly always has one entry, which then stands where the list does: what there is of each partition, or batch.
pub type Few<T> = SmallVec<[T; 1]>;

/// A request as it is written to a connection. Cheap to clone and to hand on: what is large is shared.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// A producer's batches for one broker.
    Produce(Arc<ProduceRequest>),
    /// A follower's or a consumer's fetch.
    Fetch(Arc<FetchRequest>),
    /// A client asks who leads what.
    Metadata(MetadataRequest),
    /// A follower or a consumer asks where a leader epoch ends.
    OffsetsForLeaderEpoch(OffsetsForLeaderEpochRequest),
    /// A follower or a consumer asks where a log begins, or how far it may be read.
    ListOffsets(Arc<ListOffsetsRequest>),
    /// An idempotent producer asks for its id (`transactional.id` null).
    InitProducerId,
    /// A leader proposes an ISR to the controller.
    AlterPartition(Arc<AlterPartitionRequest>),
    /// A broker tells the controller that it lives; also its registration.
    Heartbeat(Arc<HeartbeatRequest>),
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// To [`Request::Produce`].
    Produce(Arc<ProduceResponse>),
    /// To [`Request::Fetch`].
    Fetch(Arc<FetchResponse>),
    /// To [`Request::Metadata`].
    Metadata(Arc<MetadataResponse>),
    /// To [`Request::OffsetsForLeaderEpoch`].
    OffsetsForLeaderEpoch(Arc<OffsetsForLeaderEpochResponse>),
    /// To [`Request::ListOffsets`].
    ListOffsets(Arc<ListOffsetsResponse>),
    /// To [`Request::InitProducerId`].
    InitProducerId(InitProducerIdResponse),
    /// To [`Request::AlterPartition`].
    AlterPartition(Arc<AlterPartitionResponse>),
    /// To [`Request::Heartbeat`].
    Heartbeat(HeartbeatResponse),
}

/// One batch a partition (`producer.md 3.8`).
#[derive(Clone, Debug, PartialEq)]
pub struct ProduceRequest {
    /// 0, 1 or -1.
    pub acks: i16,
    /// How long the leader may wait for the ISR: the client's `request.timeout.ms` (`broker.md P11`).
    pub timeout_ms: i32,
    /// The batches, ascending by topic and partition.
    pub batches: Few<Arc<RecordBatch>>,
}

/// What became of each batch of a [`ProduceRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceResponse {
    /// One result a batch, in the request's order.
    pub partitions: Vec<PartitionResult>,
    /// Throttle time in ms (`producer.md 4.12`).
    pub throttle_ms: i32,
}

/// The result of one batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResult {
    /// Which partition.
    pub tp: TopicPartition,
    /// Which batch; for the trace, a real answer does not carry it.
    pub batch: BatchId,
    /// NONE, or why not.
    pub error: ErrorCode,
    /// Offset of the first record, -1 with an error.
    pub base_offset: i64,
    /// Broker time in ms if the topic's timestamps are `LogAppendTime`, else -1.
    pub log_append_time: i64,
    /// First offset of the log, -1 if unknown.
    pub log_start_offset: i64,
    /// Places in the batch of the records that were refused one by one (`producer.md 4.7`, per-record errors).
    pub record_errors: Vec<u32>,
    /// The new leader that an error names (KIP-951, 3.7+).
    pub leader_hint: Option<LeaderHint>,
}

/// A leader that a produce or fetch error names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderHint {
    /// The leader.
    pub leader: BrokerId,
    /// Its epoch.
    pub leader_epoch: i32,
}

/// Which replica fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follower {
    /// The follower.
    pub broker: BrokerId,
    /// Its broker epoch, or -1 before 3.5 (`broker.md R21`).
    pub broker_epoch: i64,
}

/// A fetch (`broker.md 3.2`, `8.1`).
#[derive(Clone, Debug, PartialEq)]
pub struct FetchRequest {
    /// The follower, or nobody: a consumer.
    pub follower: Option<Follower>,
    /// Whether it names all that is fetched, and so begins a session; if not, only what has changed (KIP-227). A consumer's
    /// always does.
    pub full: bool,
    /// The consumer's `client.rack`, empty if it has none; nothing before 2.4 and of followers: it is served by leaders only
    /// (KIP-392).
    pub rack: Option<Arc<str>>,
    /// How long it may be parked, in ms.
    pub max_wait_ms: i32,
    /// From how many bytes on it is answered at once.
    pub min_bytes: i32,
    /// Soft limit of the whole answer, in bytes.
    pub max_bytes: i32,
    /// What is asked for.
    pub partitions: Few<FetchPartition>,
}

/// One partition of a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchPartition {
    /// Which partition.
    pub tp: TopicPartition,
    /// The first offset wanted; a follower's log end.
    pub fetch_offset: i64,
    /// The leader epoch that the asker knows; -1 for none.
    pub current_leader_epoch: i32,
    /// The epoch of a follower's last record from 2.7 on; -1 for none (`broker.md R3`).
    pub last_fetched_epoch: i32,
    /// The asker's log start; -1 for a consumer.
    pub log_start_offset: i64,
    /// Soft limit for this partition, in bytes.
    pub max_bytes: i32,
}

/// The answer to a fetch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchResponse {
    /// One entry a partition asked for, in the request's order.
    pub partitions: Few<FetchedPartition>,
    /// Whether any partition has records, an error or a divergence; what has none tells only the high watermark.
    pub has_data: bool,
}

/// One partition of a fetch answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchedPartition {
    /// Which partition.
    pub tp: TopicPartition,
    /// NONE, or why not.
    pub error: ErrorCode,
    /// The leader's high watermark when it read; -1 with an error.
    pub high_watermark: i64,
    /// The leader's log start; -1 with an error.
    pub log_start_offset: i64,
    /// Where a follower's log parts from the leader's: epoch and end offset (`broker.md R30`).
    pub diverging: Option<(i32, i64)>,
    /// The leader that an error names (KIP-951).
    pub leader_hint: Option<LeaderHint>,
    /// The replica that the consumer had better read from, instead of records (`broker.md C5`).
    pub preferred_read_replica: Option<BrokerId>,
    /// Whole batches from the fetch offset on.
    pub batches: Few<StoredBatch>,
}

/// A client asks who leads what.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequest {
    /// The topics, ascending; none: brokers only.
    pub topics: Arc<[TopicIx]>,
}

/// Who leads what, as the answering broker believes (`broker.md F15`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetadataResponse {
    /// The brokers that are not fenced, ascending.
    pub brokers: Vec<BrokerId>,
    /// The topics asked for.
    pub topics: Vec<TopicMetadata>,
}

/// One topic of a metadata answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicMetadata {
    /// Which topic.
    pub topic: TopicIx,
    /// NONE, or UNKNOWN_TOPIC_OR_PARTITION and the like.
    pub error: ErrorCode,
    /// Its partitions, ascending.
    pub partitions: Vec<PartitionMetadata>,
}

/// One partition of a metadata answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// The partition's number.
    pub partition: u32,
    /// NONE or LEADER_NOT_AVAILABLE.
    pub error: ErrorCode,
    /// The leader, if there is one.
    pub leader: Option<BrokerId>,
    /// Its epoch.
    pub leader_epoch: i32,
}

/// A producer id, or why not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InitProducerIdResponse {
    /// NONE, or why not.
    pub error: ErrorCode,
    /// The id, -1 with an error.
    pub producer_id: i64,
    /// The epoch, -1 with an error.
    pub producer_epoch: i16,
}

/// A leader proposes an ISR (`broker.md 3.5`).
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionRequest {
    /// The leader that asks.
    pub broker: BrokerId,
    /// Its broker epoch.
    pub broker_epoch: i64,
    /// Which partition.
    pub tp: TopicPartition,
    /// The leader epoch that it knows.
    pub leader_epoch: i32,
    /// The partition epoch that it knows.
    pub partition_epoch: i32,
    /// The ISR it wants, ascending, each with the broker epoch that it knows (-1: any).
    pub isr: Vec<(BrokerId, i64)>,
}

/// The controller's answer to an [`AlterPartitionRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterPartitionResponse {
    /// Which partition.
    pub tp: TopicPartition,
    /// NONE, or why not (`broker.md R24`).
    pub error: ErrorCode,
    /// The partition's state after the change.
    pub leader: Option<BrokerId>,
    /// Its leader epoch.
    pub leader_epoch: i32,
    /// Its partition epoch.
    pub partition_epoch: i32,
    /// Its ISR.
    pub isr: Vec<BrokerId>,
}

/// A broker lives, or wants to register, to shut down (`broker.md 4.1`, F14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatRequest {
    /// Who.
    pub broker: BrokerId,
    /// Its broker epoch; -1 asks for a registration.
    pub broker_epoch: i64,
    /// Which start of the process this is, counted from 0.
    pub incarnation: u32,
    /// On registration: the broker epoch of the clean shutdown that its marker file proves, else -1 (F18).
    pub previous_broker_epoch: i64,
    /// The metadata that it has applied: offset of the last update, 0 if none.
    pub metadata_offset: u64,
    /// Whether it wants to be unfenced: recovery is over and it has caught up (F6).
    pub want_unfence: bool,
    /// Whether it wants to leave in order.
    pub want_shutdown: bool,
    /// It may have missed what the controller has decided, and asks for it. (A real broker fetches the metadata beside its
    /// heartbeats, from its own offset on.)
    pub fetches_anew: bool,
}

/// The controller's answer to a heartbeat or registration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeartbeatResponse {
    /// NONE, or why not.
    pub error: ErrorCode,
    /// The broker epoch; on registration the new one.
    pub broker_epoch: i64,
    /// Whether the controller counts it as fenced.
    pub fenced: bool,
    /// Whether it may stop now.
    pub may_shut_down: bool,
}

/// The controller's decision on its way to one broker (`broker.md F11`): the state of one partition or broker after it, or new
/// settings.
///
/// Decisions are numbered 1, 2 ... and reach a broker in this order: one that has applied the update of offset n knows
/// every decision up to n. A broker that registers, or has been out of reach, is told where things stand now, each
/// thing with the offset of its last change; what it knows already may then come again.
#[derive(Clone, Debug, PartialEq)]
pub enum MetadataUpdate {
    /// A partition changed, or is new.
    Partition {
        /// Number of the decision; 0 for what has been so since before t=0.
        offset: u64,
        /// Which partition.
        tp: TopicPartition,
        /// Its replicas, the preferred leader first.
        replicas: Arc<[BrokerId]>,
        /// Its leader, if it has one.
        leader: Option<BrokerId>,
        /// Its leader epoch.
        leader_epoch: i32,
        /// Its partition epoch.
        partition_epoch: i32,
        /// Its ISR, in the controller's order.
        isr: Arc<[BrokerId]>,
    },
    /// A broker registered, or was fenced, unfenced or is shutting down.
    Broker {
        /// Number of the decision; 0 for what has been so since before t=0.
        offset: u64,
        /// Which broker.
        broker: BrokerId,
        /// Its epoch.
        broker_epoch: i64,
        /// Whether it is fenced.
        fenced: bool,
        /// Whether it is leaving in order.
        shutting_down: bool,
    },
    /// A topic or a broker has new settings (Kafka's `ConfigRecord`).
    Config {
        /// Number of the decision.
        offset: u64,
        /// Which of the changes that the scenario has: the settings themselves are there.
        change: u32,
    },
}

impl MetadataUpdate {
    /// Number of the decision: what a heartbeat's `metadata_offset` says once it is applied.
    pub fn offset(&self) -> u64 {
        match self {
            MetadataUpdate::Partition { offset, .. }
            | MetadataUpdate::Broker { offset, .. }
            | MetadataUpdate::Config { offset, .. } => *offset,
        }
    }
}
