//! A consumer's rules, as kafka-clients of these releases have them.

use super::*;
use crate::config::{ConsumerConfig, IsolationLevel, OffsetReset};

fn try_consumer(profile: &str, settings: &str) -> Result<Resolved<ConsumerConfig>, ConfigError> {
    resolve_consumer(release(profile), &set(settings))
}

fn consumer(profile: &str, settings: &str) -> Resolved<ConsumerConfig> {
    try_consumer(profile, settings).unwrap_or_else(|error| panic!("{profile}, {settings}: {error}"))
}

fn refused(profile: &str, settings: &str) -> ConfigError {
    try_consumer(profile, settings).expect_err(settings)
}

/// broker.md 9: fetch.min.bytes 1, max.wait 500, max.bytes 50 MiB, partition bytes 1 MiB, latest, read_uncommitted.
#[test]
fn defaults() {
    let config = consumer("4.1", "").config;
    assert_eq!((config.fetch_min_bytes, config.fetch_max_wait_ms), (1, 500));
    assert_eq!((config.fetch_max_bytes, config.max_partition_fetch_bytes), (50 << 20, 1 << 20));
    assert_eq!(config.auto_offset_reset, OffsetReset::Latest);
    assert_eq!(config.isolation_level, IsolationLevel::ReadUncommitted);
    assert_eq!((config.retry_backoff_ms, config.retry_backoff_max_ms), (100, 1000));
    assert_eq!(consumer("3.6", "").config.retry_backoff_max_ms, 100);
}

#[test]
fn request_timeout_outlasts_a_rebalance_before_2_0() {
    assert_eq!(consumer("1.1", "").config.request_timeout_ms, 305_000);
    assert_eq!(consumer("2.0", "").config.request_timeout_ms, 30_000);
    let error = refused("1.0", "request.timeout.ms=1000");
    assert_eq!(
        error.cause.map(|cause| cause.1),
        Some("request.timeout.ms should be greater than session.timeout.ms and fetch.max.wait.ms".into())
    );
    assert!(try_consumer("2.0", "request.timeout.ms=1000").is_ok());
}

#[test]
fn offset_reset_by_release() {
    assert_eq!(consumer("4.1", "auto.offset.reset=none").config.auto_offset_reset, OffsetReset::None);
    assert_eq!(
        refused("3.9", "auto.offset.reset=by_duration:PT1H").message,
        "Invalid value by_duration:PT1H for configuration auto.offset.reset: String must be one of: latest, earliest, none"
    );
    let by_duration = consumer("4.0", "auto.offset.reset=by_duration:PT1H");
    assert_eq!(by_duration.config.auto_offset_reset, OffsetReset::Earliest);
    assert_eq!(notes(&by_duration, NoteKind::NotModelled).len(), 1);
    assert_eq!(
        refused("4.3", "auto.offset.reset=Earliest").message,
        "Invalid value Earliest for configuration auto.offset.reset: Invalid value `Earliest` for configuration \
         auto.offset.reset. The value must be either 'earliest', 'latest', 'none' or of the format \
         'by_duration:<PnDTnHnMn.nS.>'."
    );
    for (duration, is_one) in [
        ("PT1H", true),
        ("P1DT2H3M4.5S", true),
        ("P2D", true),
        ("P", false),
        ("PT", false),
        ("1H", false),
        ("PT1X", false),
        ("PT1M1H", false),
    ] {
        let outcome = try_consumer("4.3", &format!("auto.offset.reset=by_duration:{duration}"));
        assert_eq!(outcome.is_ok(), is_one, "{duration}");
    }
}

#[test]
fn auto_commit_needs_a_group() {
    assert_eq!(consumer("4.1", "").value("enable.auto.commit"), Some("false"));
    assert_eq!(consumer("4.1", "group.id=g").value("enable.auto.commit"), Some("true"));
    let error = refused("4.1", "enable.auto.commit=true");
    assert_eq!(error.exception, Some(Exception::InvalidConfigurationException));
    assert_eq!(
        error.message,
        "enable.auto.commit cannot be set to true when default group id (null) is used."
    );
    assert_eq!(refused("3.6", "enable.auto.commit=true").exception, Some(Exception::KafkaException));
}

#[test]
fn group_rules_by_release() {
    let heartbeat = refused("4.3", "session.timeout.ms=3000 group.id=g");
    assert_eq!(
        heartbeat.cause,
        Some(Box::new((
            Exception::IllegalArgumentException,
            "Heartbeat must be set lower than the session timeout".into()
        )))
    );
    assert!(try_consumer("4.3", "session.timeout.ms=3000").is_ok());
    let classic = "group.protocol=consumer group.id=g session.timeout.ms=9999";
    assert_eq!(
        refused("4.0", classic).message,
        "session.timeout.ms cannot be set when group.protocol=CONSUMER"
    );
    assert!(try_consumer("3.9", classic).is_ok());
    assert!(try_consumer("3.9", "group.id=").is_ok());
    assert_eq!(
        refused("4.0", "group.id=").cause.map(|cause| cause.0),
        Some(Exception::InvalidGroupIdException)
    );
}

#[test]
fn groups_are_not_modelled_and_say_so() {
    let resolved = consumer("4.1", "group.id=g");
    assert_eq!(notes(&resolved, NoteKind::NotModelled)[0].0, "group.id");
}
