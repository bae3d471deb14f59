//! What the tests of brokers stand on.

use crate::config::{BrokerConfig, CleanupPolicy, Release, TimestampType, TopicConfig};
use crate::record::{BatchId, ProducerIx, RecordBatch, TopicIx, TopicPartition};

/// The partition that tests are about.
pub(super) const TP: TopicPartition = TopicPartition { topic: TopicIx(0), partition: 0 };

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

/// Kafka's defaults (`broker.md 9`).
pub(super) fn topic_config() -> TopicConfig {
    TopicConfig {
        min_insync_replicas: 1,
        unclean_leader_election: false,
        max_message_bytes: 1_048_588,
        timestamp_type: TimestampType::CreateTime,
        timestamp_before_max_ms: i64::MAX,
        timestamp_after_max_ms: 3_600_000,
        compression: None,
        cleanup_policy: CleanupPolicy { delete: true, compact: false },
        segment_bytes: 1 << 30,
        segment_ms: 604_800_000,
        retention_ms: 604_800_000,
        retention_bytes: -1,
        flush_messages: i64::MAX,
        flush_ms: i64::MAX,
    }
}

/// Kafka's defaults (`broker.md 9`).
pub(super) fn broker_config() -> BrokerConfig {
    BrokerConfig {
        release: Release::NEWEST,
        heartbeat_interval_ms: 2_000,
        session_timeout_ms: 9_000,
        replica_lag_time_max_ms: 30_000,
        replica_fetch_wait_max_ms: 500,
        replica_fetch_min_bytes: 1,
        replica_fetch_max_bytes: 1 << 20,
        replica_fetch_response_max_bytes: 10 << 20,
        replica_fetch_backoff_ms: 1_000,
        replica_socket_timeout_ms: 30_000,
        num_replica_fetchers: 1,
        hw_checkpoint_interval_ms: 5_000,
        num_io_threads: 8,
        socket_request_max_bytes: 100 << 20,
        connections_max_idle_ms: 600_000,
        fetch_max_bytes: 55 << 20,
        producer_id_expiration_ms: 86_400_000,
        producer_id_expiration_check_interval_ms: 600_000,
        log_retention_check_interval_ms: 300_000,
        auto_leader_rebalance: true,
        leader_imbalance_check_interval_ms: 300_000,
        unclean_leader_election_interval_ms: 300_000,
        controlled_shutdown: true,
        auto_create_topics: false,
    }
}
