//! Kafka's defaults, for tests: written down from the reference, not from the tables that are under test.

use super::{BrokerConfig, CleanupPolicy, Release, TimestampType, TopicConfig};

/// Kafka's defaults (`broker.md 9`).
pub(crate) fn topic_config() -> TopicConfig {
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
pub(crate) fn broker_config(release: Release) -> BrokerConfig {
    BrokerConfig {
        release,
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
        log_flush_scheduler_interval_ms: i64::MAX,
        log_retention_check_interval_ms: 300_000,
        auto_leader_rebalance: true,
        leader_imbalance_check_interval_ms: 300_000,
        unclean_leader_election_interval_ms: 300_000,
        rack_aware_reads: false,
        controlled_shutdown: true,
        auto_create_topics: false,
        broken: crate::mutant::Broken::NOT,
    }
}
