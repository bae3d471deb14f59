//! The typed settings that the model reads, after defaults, overrides and Kafka's own adjustments.

use crate::backoff::ExponentialBackoff;
use crate::config::Release;
use crate::mutant::Broken;
use crate::record::Codec;

/// A producer's settings as it uses them (`producer.md 6`): `enable_idempotence` is the effective value, delivery timeout
/// and back-off maxima are adjusted as the client does. Times in ms, sizes in bytes, names as in Kafka.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerConfig {
    /// The client's release: its rules.
    pub release: Release,
    /// `client.id`.
    pub client_id: String,
    /// `acks`: 0, 1 or -1 (all).
    pub acks: i16,
    /// `enable.idempotence`, effective.
    pub enable_idempotence: bool,
    /// `retries`.
    pub retries: i32,
    /// `max.in.flight.requests.per.connection`, at least 1.
    pub max_in_flight: u32,
    /// `delivery.timeout.ms`, effective; before 2.1, which has no such key, `None`.
    pub delivery_timeout_ms: Option<i64>,
    /// `request.timeout.ms`.
    pub request_timeout_ms: i64,
    /// `linger.ms`, clipped to an int.
    pub linger_ms: i64,
    /// `batch.size`, at least 1.
    pub batch_size: u32,
    /// `buffer.memory`.
    pub buffer_memory: i64,
    /// `max.block.ms`.
    pub max_block_ms: i64,
    /// `max.request.size`.
    pub max_request_size: i32,
    /// `compression.type`.
    pub compression: Codec,
    /// The scenario's `compression-ratio`: compressed size / plain size.
    pub compression_ratio: f64,
    /// `retry.backoff.ms`.
    pub retry_backoff_ms: i64,
    /// `retry.backoff.max.ms`; equal to `retry_backoff_ms` where the release has no such key (constant back-off).
    pub retry_backoff_max_ms: i64,
    /// `reconnect.backoff.ms`.
    pub reconnect_backoff_ms: i64,
    /// `reconnect.backoff.max.ms`, effective.
    pub reconnect_backoff_max_ms: i64,
    /// `socket.connection.setup.timeout.ms`; `None` where the release has no such key.
    pub connection_setup_timeout_ms: Option<i64>,
    /// `socket.connection.setup.timeout.max.ms`.
    pub connection_setup_timeout_max_ms: i64,
    /// `connections.max.idle.ms`; negative: never.
    pub connections_max_idle_ms: i64,
    /// `metadata.max.age.ms`.
    pub metadata_max_age_ms: i64,
    /// `metadata.max.idle.ms`.
    pub metadata_max_idle_ms: i64,
    /// `metadata.recovery.strategy`.
    pub metadata_recovery: MetadataRecovery,
    /// `metadata.recovery.rebootstrap.trigger.ms`.
    pub rebootstrap_trigger_ms: i64,
    /// `partitioner.class`, or the scenario's `partitioner`, or the release's default.
    pub partitioner: PartitionerClass,
    /// `partitioner.ignore.keys`.
    pub partitioner_ignore_keys: bool,
    /// `partitioner.adaptive.partitioning.enable`.
    pub partitioner_adaptive: bool,
    /// `partitioner.availability.timeout.ms`; 0: off.
    pub partitioner_availability_timeout_ms: i64,
    /// `key.serializer`, or none given: what fits the key.
    pub key_serializer: Option<SerializerClass>,
    /// `value.serializer`, or none given: what fits the value.
    pub value_serializer: Option<SerializerClass>,
    /// The scenario's `jitter`: whether back-offs are drawn around their mean.
    pub jitter: bool,
}

impl ProducerConfig {
    /// Back-offs of this client from `initial_ms` to `max_ms`: twice as long each time, give or take a fifth, which takes
    /// them beyond the maximum before 3.8 (`producer.md 4.4`, `4.5`).
    pub fn backoff(&self, initial_ms: i64, max_ms: i64) -> ExponentialBackoff {
        let backoff = ExponentialBackoff::new(initial_ms, 2, max_ms, 0.2);
        if self.release.at_least(3, 8) { backoff } else { backoff.jitter_beyond_max() }
    }
}

/// `metadata.recovery.strategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataRecovery {
    /// Keep what is known.
    None,
    /// Start over from `bootstrap.servers` (4.0+).
    Rebootstrap,
}

/// Who chooses a partition where the record does not (`producer.md 2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionerClass {
    /// Keys hashed, else sticky by bytes (3.3+; `partitioner.class` null).
    BuiltIn,
    /// `DefaultPartitioner`: keys hashed; without a key round robin before 2.4, sticky by batch from 2.4 on.
    Default,
    /// `RoundRobinPartitioner`: keys ignored.
    RoundRobin,
    /// `UniformStickyPartitioner`: keys ignored, sticky by batch.
    UniformSticky,
    /// The book's own: one big customer has the last partition to itself, the others are hashed over the rest.
    BigCustomer,
    /// librdkafka `consistent_random`: CRC32 of the key, random without one.
    ConsistentRandom,
    /// librdkafka `consistent`: CRC32 of the key, of nothing without one.
    Consistent,
    /// librdkafka `murmur2_random`: Java's hash, random without a key.
    Murmur2Random,
    /// librdkafka `murmur2`: Java's hash, of nothing without a key.
    Murmur2,
    /// librdkafka `random`: always random.
    Random,
}

/// Kafka's serializer classes, and the book's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the Kafka serializer class of the same name")]
pub enum SerializerClass {
    String,
    Integer,
    Long,
    Double,
    ByteArray,
    ByteBuffer,
    Uuid,
    Void,
    Json,
    Customer,
}

/// A broker's settings (`broker.md 9`). Times in ms, sizes in bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerConfig {
    /// How the cluster is broken, for the test of the invariants' checkers: usually not at all.
    pub broken: Broken,
    /// The broker's release: its rules.
    pub release: Release,
    /// `broker.heartbeat.interval.ms`.
    pub heartbeat_interval_ms: i64,
    /// `broker.session.timeout.ms`.
    pub session_timeout_ms: i64,
    /// `replica.lag.time.max.ms`.
    pub replica_lag_time_max_ms: i64,
    /// `replica.fetch.wait.max.ms`.
    pub replica_fetch_wait_max_ms: i32,
    /// `replica.fetch.min.bytes`.
    pub replica_fetch_min_bytes: i32,
    /// `replica.fetch.max.bytes`.
    pub replica_fetch_max_bytes: i32,
    /// `replica.fetch.response.max.bytes`.
    pub replica_fetch_response_max_bytes: i32,
    /// `replica.fetch.backoff.ms`.
    pub replica_fetch_backoff_ms: i64,
    /// `replica.socket.timeout.ms`.
    pub replica_socket_timeout_ms: i64,
    /// `num.replica.fetchers`.
    pub num_replica_fetchers: u32,
    /// `replica.high.watermark.checkpoint.interval.ms`.
    pub hw_checkpoint_interval_ms: i64,
    /// `num.io.threads`.
    pub num_io_threads: u32,
    /// `socket.request.max.bytes`.
    pub socket_request_max_bytes: i32,
    /// `connections.max.idle.ms`.
    pub connections_max_idle_ms: i64,
    /// `fetch.max.bytes`.
    pub fetch_max_bytes: i32,
    /// `log.flush.scheduler.interval.ms`; [`i64::MAX`]: never.
    pub log_flush_scheduler_interval_ms: i64,
    /// `producer.id.expiration.ms`.
    pub producer_id_expiration_ms: i64,
    /// How often producer ids are looked through for expiry (`producer.id.expiration.check.interval.ms`).
    pub producer_id_expiration_check_interval_ms: i64,
    /// `log.retention.check.interval.ms`.
    pub log_retention_check_interval_ms: i64,
    /// `auto.leader.rebalance.enable`.
    pub auto_leader_rebalance: bool,
    /// `leader.imbalance.check.interval.seconds`, in ms.
    pub leader_imbalance_check_interval_ms: i64,
    /// `unclean.leader.election.interval.ms`.
    pub unclean_leader_election_interval_ms: i64,
    /// `replica.selector.class` is `RackAwareReplicaSelector`: consumers may read from a replica in their rack.
    pub rack_aware_reads: bool,
    /// `controlled.shutdown.enable`.
    pub controlled_shutdown: bool,
    /// `auto.create.topics.enable`: the scenario's world creates no topics by itself, so this is false unless set.
    pub auto_create_topics: bool,
}

/// A topic's settings, with the broker's where the topic has none. Times in ms, sizes in bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicConfig {
    /// `min.insync.replicas`.
    pub min_insync_replicas: u32,
    /// `unclean.leader.election.enable`.
    pub unclean_leader_election: bool,
    /// `max.message.bytes`.
    pub max_message_bytes: i32,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms` (before 3.6 `message.timestamp.difference.max.ms`).
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms` (before 3.6 `message.timestamp.difference.max.ms`).
    pub timestamp_after_max_ms: i64,
    /// `compression.type`: `None` is `producer`, the client's own codec.
    pub compression: Option<Codec>,
    /// `cleanup.policy`.
    pub cleanup_policy: CleanupPolicy,
    /// `segment.bytes`.
    pub segment_bytes: i64,
    /// `segment.ms`.
    pub segment_ms: i64,
    /// `retention.ms`; -1: for ever.
    pub retention_ms: i64,
    /// `retention.bytes`; -1: without limit.
    pub retention_bytes: i64,
    /// `flush.messages`.
    pub flush_messages: i64,
    /// `flush.ms`.
    pub flush_ms: i64,
}

/// `message.timestamp.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The client's time stays.
    CreateTime,
    /// The broker's time of the append replaces it.
    LogAppendTime,
}

/// `cleanup.policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Old segments are deleted.
    pub delete: bool,
    /// The log is compacted: records need keys (compaction itself is not modelled).
    pub compact: bool,
}

/// A consumer's settings (`broker.md 8`). Times in ms, sizes in bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerConfig {
    /// The client's release: its rules.
    pub release: Release,
    /// `fetch.min.bytes`.
    pub fetch_min_bytes: i32,
    /// `fetch.max.wait.ms`.
    pub fetch_max_wait_ms: i32,
    /// `fetch.max.bytes`.
    pub fetch_max_bytes: i32,
    /// `max.partition.fetch.bytes`.
    pub max_partition_fetch_bytes: i32,
    /// `auto.offset.reset`.
    pub auto_offset_reset: OffsetReset,
    /// `isolation.level`.
    pub isolation_level: IsolationLevel,
    /// `request.timeout.ms`.
    pub request_timeout_ms: i64,
    /// `retry.backoff.ms`.
    pub retry_backoff_ms: i64,
    /// `retry.backoff.max.ms`, as for producers.
    pub retry_backoff_max_ms: i64,
    /// `reconnect.backoff.ms`.
    pub reconnect_backoff_ms: i64,
    /// `reconnect.backoff.max.ms`.
    pub reconnect_backoff_max_ms: i64,
    /// `socket.connection.setup.timeout.ms`; `None` where the release has no such key.
    pub connection_setup_timeout_ms: Option<i64>,
    /// `socket.connection.setup.timeout.max.ms`.
    pub connection_setup_timeout_max_ms: i64,
    /// `metadata.max.age.ms`.
    pub metadata_max_age_ms: i64,
    /// `client.rack`; empty: none.
    pub client_rack: String,
}

/// `auto.offset.reset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetReset {
    /// From the first record.
    Earliest,
    /// From the next record.
    Latest,
    /// An error instead: the consumer stops reading the partition.
    None,
}

/// `isolation.level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsolationLevel {
    /// Up to the high watermark.
    ReadUncommitted,
    /// Up to the last stable offset; without transactions the same.
    ReadCommitted,
}
