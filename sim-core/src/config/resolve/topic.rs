//! A topic's configuration: `LogConfig`, with the broker's where the topic has none (`ServerTopicConfigSynonyms`).

use crate::config::given::Settings;
use crate::config::keys::Family;
use crate::config::outcome::{ConfigError, Resolved};
use crate::config::resolve::producer::codec;
use crate::config::value::Value;
use crate::config::values::Values;
use crate::config::{BrokerConfig, CleanupPolicy, Release, TimestampType, TopicConfig};
use crate::protocol::Exception;

/// The configuration of a topic of this release on brokers with this configuration.
///
/// # Errors
/// What the creation of the topic answers; unknown keys where they are not only warned about.
pub fn resolve_topic(
    release: Release,
    settings: &Settings,
    broker: &Resolved<BrokerConfig>,
) -> Result<Resolved<TopicConfig>, ConfigError> {
    let mut values = Values::read(Family::Topic, release, settings)?;
    take_defaults_of(broker, &mut values);
    check_compaction_lag(&values)?;

    let number = |key: &str| values.number(key).unwrap_or_default();
    let (timestamp_before_max_ms, timestamp_after_max_ms) = timestamp_limits(&values);
    let policies = values.list("cleanup.policy").unwrap_or_default();
    let config = TopicConfig {
        min_insync_replicas: values.int("min.insync.replicas").map_or(1, |n| n.max(1) as u32),
        unclean_leader_election: values.boolean("unclean.leader.election.enable").unwrap_or(false),
        max_message_bytes: values.int("max.message.bytes").unwrap_or_default(),
        timestamp_type: match values.text("message.timestamp.type") {
            Some("LogAppendTime") => TimestampType::LogAppendTime,
            _ => TimestampType::CreateTime,
        },
        timestamp_before_max_ms,
        timestamp_after_max_ms,
        compression: match values.text("compression.type") {
            None | Some("producer") => None,
            codec_name => Some(codec(codec_name)),
        },
        cleanup_policy: CleanupPolicy {
            delete: policies.iter().any(|policy| policy == "delete"),
            compact: policies.iter().any(|policy| policy == "compact"),
        },
        segment_bytes: number("segment.bytes"),
        segment_ms: number("segment.ms"),
        retention_ms: number("retention.ms"),
        retention_bytes: number("retention.bytes"),
        flush_messages: number("flush.messages"),
        flush_ms: number("flush.ms"),
    };
    Ok(values.resolved(config))
}

/// A topic's key, and the broker's keys that give its default: the first one that is not null, in what unit.
const SYNONYMS: &[(&str, &[(&str, i64)])] = &[
    ("cleanup.policy", &[("log.cleanup.policy", 1)]),
    ("compression.gzip.level", &[("compression.gzip.level", 1)]),
    ("compression.lz4.level", &[("compression.lz4.level", 1)]),
    ("compression.type", &[("compression.type", 1)]),
    ("compression.zstd.level", &[("compression.zstd.level", 1)]),
    ("delete.retention.ms", &[("log.cleaner.delete.retention.ms", 1)]),
    ("file.delete.delay.ms", &[("log.segment.delete.delay.ms", 1)]),
    ("flush.messages", &[("log.flush.interval.messages", 1)]),
    ("flush.ms", &[("log.flush.interval.ms", 1), ("log.flush.scheduler.interval.ms", 1)]),
    ("index.interval.bytes", &[("log.index.interval.bytes", 1)]),
    ("local.retention.bytes", &[("log.local.retention.bytes", 1)]),
    ("local.retention.ms", &[("log.local.retention.ms", 1)]),
    ("max.compaction.lag.ms", &[("log.cleaner.max.compaction.lag.ms", 1)]),
    ("max.message.bytes", &[("message.max.bytes", 1)]),
    ("message.downconversion.enable", &[("log.message.downconversion.enable", 1)]),
    ("message.format.version", &[("log.message.format.version", 1)]),
    ("message.timestamp.after.max.ms", &[("log.message.timestamp.after.max.ms", 1)]),
    ("message.timestamp.before.max.ms", &[("log.message.timestamp.before.max.ms", 1)]),
    ("message.timestamp.difference.max.ms", &[("log.message.timestamp.difference.max.ms", 1)]),
    ("message.timestamp.type", &[("log.message.timestamp.type", 1)]),
    ("min.cleanable.dirty.ratio", &[("log.cleaner.min.cleanable.ratio", 1)]),
    ("min.compaction.lag.ms", &[("log.cleaner.min.compaction.lag.ms", 1)]),
    ("min.insync.replicas", &[("min.insync.replicas", 1)]),
    ("preallocate", &[("log.preallocate", 1)]),
    ("retention.bytes", &[("log.retention.bytes", 1)]),
    (
        "retention.ms",
        &[("log.retention.ms", 1), ("log.retention.minutes", MINUTE), ("log.retention.hours", HOUR)],
    ),
    ("segment.bytes", &[("log.segment.bytes", 1)]),
    ("segment.index.bytes", &[("log.index.size.max.bytes", 1)]),
    ("segment.jitter.ms", &[("log.roll.jitter.ms", 1), ("log.roll.jitter.hours", HOUR)]),
    ("segment.ms", &[("log.roll.ms", 1), ("log.roll.hours", HOUR)]),
    ("unclean.leader.election.enable", &[("unclean.leader.election.enable", 1)]),
];

const MINUTE: i64 = 60_000;
const HOUR: i64 = 3_600_000;

/// What somebody set on the brokers is the topic's default; what nobody set anywhere stays the release's.
fn take_defaults_of(broker: &Resolved<BrokerConfig>, values: &mut Values) {
    for (key, synonyms) in SYNONYMS {
        let is_set = synonyms.iter().any(|(name, _)| broker.is_set(name));
        let in_effect = synonyms.iter().find_map(|(name, unit)| {
            broker.value(name).filter(|text| *text != "null").map(|text| (text, *unit))
        });
        let (true, Some((text, unit))) = (is_set, in_effect) else { continue };
        let Some(mut value) = values.read_as(key, text) else { continue };
        if let Value::Number(number) = &mut value {
            *number = number.saturating_mul(unit);
            if *key == "retention.ms" {
                *number = (*number).max(-1);
            }
        }
        values.set_default(key, value);
    }
}

/// How far a timestamp may lie before and after the broker's clock. Before 3.6 one key said both; where both kinds exist
/// it still counts for the ones that have their default.
fn timestamp_limits(values: &Values) -> (i64, i64) {
    let both = values.number("message.timestamp.difference.max.ms").unwrap_or(i64::MAX);
    let limit = |key: &str| values.number(key).filter(|limit| *limit != i64::MAX).unwrap_or(both);
    (limit("message.timestamp.before.max.ms"), limit("message.timestamp.after.max.ms"))
}

/// `LogConfig.validateValues`.
fn check_compaction_lag(values: &Values) -> Result<(), ConfigError> {
    let (min, max) = ("min.compaction.lag.ms", "max.compaction.lag.ms");
    let (Some(least), Some(most)) = (values.number(min), values.number(max)) else { return Ok(()) };
    if least <= most {
        return Ok(());
    }
    let message = format!("conflict topic config setting {min} ({least}) > {max} ({most})");
    let key = if values.is_set(min) { min } else { max };
    Err(values
        .error(key, message, &format!("write a {min} that is not above {max}"))
        .thrown_as(Exception::InvalidConfigurationException))
}
