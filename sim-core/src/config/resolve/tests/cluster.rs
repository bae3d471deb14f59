//! Brokers and topics: their rules, and what a topic has from its brokers.

use super::*;
use crate::config::{BrokerConfig, CleanupPolicy, TimestampType, TopicConfig};
use crate::record::Codec;

fn try_broker(profile: &str, settings: &str) -> Result<Resolved<BrokerConfig>, ConfigError> {
    resolve_broker(release(profile), &set(settings))
}

fn broker(profile: &str, settings: &str) -> Resolved<BrokerConfig> {
    try_broker(profile, settings).unwrap_or_else(|error| panic!("{profile}, {settings}: {error}"))
}

fn try_topic(profile: &str, settings: &str, brokers: &str) -> Result<Resolved<TopicConfig>, ConfigError> {
    resolve_topic(release(profile), &set(settings), &broker(profile, brokers))
}

fn topic(profile: &str, settings: &str, brokers: &str) -> Resolved<TopicConfig> {
    try_topic(profile, settings, brokers).unwrap_or_else(|error| panic!("{profile}, {settings}: {error}"))
}

/// broker.md 9: the table, in 4.x.
#[test]
fn broker_defaults() {
    let config = broker("4.1", "").config;
    assert_eq!((config.heartbeat_interval_ms, config.session_timeout_ms), (2000, 9000));
    assert_eq!((config.replica_lag_time_max_ms, config.replica_fetch_wait_max_ms), (30_000, 500));
    assert_eq!((config.replica_fetch_min_bytes, config.replica_fetch_max_bytes), (1, 1 << 20));
    assert_eq!((config.replica_fetch_response_max_bytes, config.replica_fetch_backoff_ms), (10 << 20, 1000));
    assert_eq!((config.num_replica_fetchers, config.num_io_threads), (1, 8));
    assert_eq!((config.hw_checkpoint_interval_ms, config.socket_request_max_bytes), (5000, 100 << 20));
    assert_eq!((config.producer_id_expiration_ms, config.connections_max_idle_ms), (86_400_000, 600_000));
    assert_eq!(config.leader_imbalance_check_interval_ms, 300_000);
    assert_eq!(config.unclean_leader_election_interval_ms, 300_000);
    assert!(config.auto_leader_rebalance && config.controlled_shutdown);
}

/// broker.md 9: replica.lag.time.max.ms is 10000 before 2.5.
#[test]
fn broker_defaults_of_older_releases() {
    assert_eq!(broker("2.4", "").config.replica_lag_time_max_ms, 10_000);
    assert_eq!(broker("2.5", "").config.replica_lag_time_max_ms, 30_000);
    let oldest = broker("0.11", "").config;
    assert_eq!(oldest.producer_id_expiration_ms, 86_400_000);
    assert_eq!(oldest.session_timeout_ms, 9000);
}

/// `replica.selector.class` (2.4, KIP-392): Kafka's two classes, in full or the last part.
#[test]
fn replica_selectors() {
    let by_rack = |profile: &str, class: &str| {
        broker(profile, &format!("replica.selector.class={class}")).config.rack_aware_reads
    };
    assert!(by_rack("4.1", "org.apache.kafka.common.replica.RackAwareReplicaSelector"));
    assert!(by_rack("2.4", "RackAwareReplicaSelector"));
    assert!(!by_rack("2.3", "RackAwareReplicaSelector"), "nobody reads it yet");
    assert!(!by_rack("4.1", "LeaderSelector") && !broker("4.1", "").config.rack_aware_reads);
    assert!(try_broker("4.1", "replica.selector.class=Nearest").is_err());
}

/// The world of a scenario creates no topics by itself, whatever Kafka's default.
#[test]
fn topics_are_not_created_unless_somebody_asks() {
    let silent = broker("4.1", "");
    assert!(!silent.config.auto_create_topics && silent.differing().next().is_none());
    assert!(broker("4.1", "auto.create.topics.enable=true").config.auto_create_topics);
}

/// `KafkaConfig.validateValues`, in its words.
#[test]
fn broker_rules_about_several_keys() {
    for (settings, key, rule) in [
        (
            "replica.fetch.wait.max.ms=40000",
            "replica.fetch.wait.max.ms",
            "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts",
        ),
        (
            "replica.lag.time.max.ms=100",
            "replica.lag.time.max.ms",
            "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR",
        ),
        ("log.roll.ms=0", "log.roll.ms", "log.roll.ms must be greater than or equal to 1"),
        (
            "log.retention.minutes=0",
            "log.retention.minutes",
            "log.retention.ms must be unlimited (-1) or, greater than or equal to 1",
        ),
        (
            "queued.max.request.bytes=5",
            "queued.max.request.bytes",
            "queued.max.request.bytes must be larger or equal to socket.request.max.bytes",
        ),
    ] {
        let error = try_broker("4.3", settings).expect_err(settings);
        assert_eq!(error.exception, Some(Exception::IllegalArgumentException));
        assert_eq!(error.message, format!("requirement failed: {rule}"));
        assert_eq!((error.key.as_str(), error.origin), (key, Some(Origin::Set)));
    }
    assert!(try_broker("4.3", "log.retention.ms=-5 connections.max.idle.ms=-1").is_ok());
}

/// broker.md 9: min.insync.replicas 1, message size 1048588, unclean elections off, 7 days, 1 GiB.
#[test]
fn topic_defaults() {
    let config = topic("4.1", "", "").config;
    assert_eq!((config.min_insync_replicas, config.max_message_bytes), (1, 1_048_588));
    assert!(!config.unclean_leader_election);
    assert_eq!((config.segment_bytes, config.segment_ms), (1 << 30, 604_800_000));
    assert_eq!((config.retention_ms, config.retention_bytes), (604_800_000, -1));
    assert_eq!((config.flush_messages, config.flush_ms), (i64::MAX, i64::MAX));
    assert_eq!((config.timestamp_type, config.compression), (TimestampType::CreateTime, None));
    assert_eq!(config.cleanup_policy, CleanupPolicy { delete: true, compact: false });
    assert_eq!(topic("2.7", "", "").config.max_message_bytes, 1_000_012);
}

/// What the brokers are told is the topics' default; the topic's own word is stronger.
#[test]
fn a_topic_falls_back_to_its_brokers() {
    let brokers = "min.insync.replicas=2 message.max.bytes=2000 unclean.leader.election.enable=true \
                   compression.type=lz4 log.cleanup.policy=compact log.message.timestamp.type=LogAppendTime \
                   log.segment.bytes=2000000 log.retention.hours=2 log.roll.hours=3 log.flush.interval.messages=1";
    let inherited = topic("4.1", "", brokers);
    let config = &inherited.config;
    assert_eq!((config.min_insync_replicas, config.max_message_bytes), (2, 2000));
    assert!(config.unclean_leader_election);
    assert_eq!((config.compression, config.timestamp_type), (Some(Codec::Lz4), TimestampType::LogAppendTime));
    assert_eq!(config.cleanup_policy, CleanupPolicy { delete: false, compact: true });
    assert_eq!(
        (config.segment_bytes, config.retention_ms, config.segment_ms),
        (2_000_000, 7_200_000, 10_800_000)
    );
    assert_eq!(config.flush_messages, 1);
    assert_eq!(inherited.value("min.insync.replicas"), Some("2"));
    assert!(inherited.differing().next().is_none());

    let own = topic("4.1", "min.insync.replicas=1 max.message.bytes=7", brokers).config;
    assert_eq!((own.min_insync_replicas, own.max_message_bytes), (1, 7));
}

/// `KafkaConfig`: milliseconds before minutes before hours; below zero is for ever.
#[test]
fn the_finest_unit_wins() {
    let retention = |brokers| topic("4.1", "", brokers).config.retention_ms;
    assert_eq!(retention("log.retention.hours=1 log.retention.minutes=2"), 120_000);
    assert_eq!(retention("log.retention.ms=5 log.retention.minutes=2"), 5);
    assert_eq!(retention("log.retention.ms=-7"), -1);
    let flush = |brokers| topic("4.1", "", brokers).config.flush_ms;
    assert_eq!(flush("log.flush.scheduler.interval.ms=100"), 100);
    assert_eq!(flush("log.flush.scheduler.interval.ms=100 log.flush.interval.ms=7"), 7);
}

/// broker.md 0.1: 4.0 limits timestamps ahead of the clock to an hour; the older key said both directions at once.
#[test]
fn timestamp_limits_by_release() {
    let limits = |profile, settings| {
        let config = topic(profile, settings, "").config;
        (config.timestamp_before_max_ms, config.timestamp_after_max_ms)
    };
    assert_eq!(limits("4.0", ""), (i64::MAX, 3_600_000));
    assert_eq!(limits("3.9", ""), (i64::MAX, i64::MAX));
    assert_eq!(limits("3.3", "message.timestamp.difference.max.ms=5"), (5, 5));
    assert_eq!(
        limits("3.9", "message.timestamp.difference.max.ms=5 message.timestamp.before.max.ms=9"),
        (9, 5)
    );
}

#[test]
fn topic_rules() {
    let unknown = try_topic("4.1", "min.insync.replica=2", "").expect_err("unknown");
    assert_eq!(
        unknown.to_string(),
        "InvalidConfigurationException: Unknown topic config name: min.insync.replica"
    );
    assert_eq!(unknown.instead, "did you mean \"min.insync.replicas\"?");
    let conflict =
        try_topic("4.1", "min.compaction.lag.ms=10 max.compaction.lag.ms=5", "").expect_err("conflict");
    assert_eq!(
        conflict.to_string(),
        "InvalidConfigurationException: conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)"
    );
    let replicas = "follower.replication.throttled.replicas";
    assert_eq!(
        try_topic("4.1", &format!("{replicas}=x"), "").expect_err("no pair").message,
        format!(
            "Invalid value [x] for configuration {replicas}: {replicas} must be the literal '*' or a list of \
             replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],..."
        )
    );
    assert!(try_topic("4.1", &format!("{replicas}=0:1,1:2"), "").is_ok());
    assert_eq!(
        try_topic("4.1", "cleanup.policy=compact,x", "").expect_err("no policy").message,
        "Invalid value x for configuration cleanup.policy: String must be one of: compact, delete"
    );
    // Segments got a least size with 4.1.
    assert!(try_topic("4.0", "segment.bytes=100", "").is_ok());
    assert!(try_topic("4.1", "segment.bytes=100", "").is_err());
}
