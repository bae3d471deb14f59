//! A consumer's configuration (`broker.md 8`): `ConsumerConfig` and the constructor of `KafkaConsumer`.

use crate::config::given::Settings;
use crate::config::keys::Family;
use crate::config::outcome::{ConfigError, NoteKind, Resolved};
use crate::config::resolve::backoff;
use crate::config::value::Value;
use crate::config::values::Values;
use crate::config::{ConsumerConfig, IsolationLevel, OffsetReset, Release};
use crate::protocol::Exception;

const CONSTRUCTION_FAILED: &str = "Failed to construct kafka consumer";

/// The configuration that a consumer of this release runs with.
///
/// # Errors
/// What Kafka's constructor throws; unknown keys where they are not only warned about.
pub fn resolve_consumer(
    release: Release,
    settings: &Settings,
) -> Result<Resolved<ConsumerConfig>, ConfigError> {
    let mut values = Values::read(Family::Consumer, release, settings)?;
    check_group_protocol(&values)?;
    check_auto_commit(&mut values)?;
    check_group_id(&values)?;
    check_timeouts(&values)?;
    check_heartbeat(&values)?;
    backoff::adjust(&mut values);

    let retry_backoff_ms = values.number("retry.backoff.ms").unwrap_or_default();
    let config = ConsumerConfig {
        release,
        fetch_min_bytes: values.int("fetch.min.bytes").unwrap_or_default(),
        fetch_max_wait_ms: values.int("fetch.max.wait.ms").unwrap_or_default(),
        fetch_max_bytes: values.int("fetch.max.bytes").unwrap_or_default(),
        max_partition_fetch_bytes: values.int("max.partition.fetch.bytes").unwrap_or_default(),
        auto_offset_reset: offset_reset(&mut values),
        isolation_level: match values.text("isolation.level") {
            Some("read_committed") => IsolationLevel::ReadCommitted,
            _ => IsolationLevel::ReadUncommitted,
        },
        request_timeout_ms: values.number("request.timeout.ms").unwrap_or_default(),
        retry_backoff_ms,
        // Before 3.7 back-offs did not grow (producer.md 4.5).
        retry_backoff_max_ms: values.number("retry.backoff.max.ms").unwrap_or(retry_backoff_ms),
        reconnect_backoff_ms: values.number("reconnect.backoff.ms").unwrap_or_default(),
        reconnect_backoff_max_ms: values.number("reconnect.backoff.max.ms").unwrap_or_default(),
        connection_setup_timeout_ms: values.number("socket.connection.setup.timeout.ms"),
        connection_setup_timeout_max_ms: values
            .number("socket.connection.setup.timeout.max.ms")
            .unwrap_or_default(),
        metadata_max_age_ms: values.number("metadata.max.age.ms").unwrap_or_default(),
        client_rack: values.text("client.rack").unwrap_or_default().to_owned(),
    };
    Ok(values.resolved(config))
}

/// `auto.offset.reset`. A duration looks up the first record that is not older; here it is taken to reach back to the
/// start of the run, which every duration longer than the run does.
fn offset_reset(values: &mut Values) -> OffsetReset {
    match values.text("auto.offset.reset") {
        Some("earliest") => OffsetReset::Earliest,
        Some("none") => OffsetReset::None,
        Some(duration) if duration.starts_with("by_duration:") => {
            let text =
                format!("{duration} is not modelled: earliest, as if it reached back to the first record");
            values.note(NoteKind::NotModelled, "auto.offset.reset", text);
            OffsetReset::Earliest
        }
        _ => OffsetReset::Latest,
    }
}

/// From 4.0 on the keys of the classic group protocol cannot be set with the other one.
fn check_group_protocol(values: &Values) -> Result<(), ConfigError> {
    let is_new = values.text("group.protocol").is_some_and(|word| word.eq_ignore_ascii_case("consumer"));
    if !is_new || !values.release.at_least(4, 0) {
        return Ok(());
    }
    let classic = ["partition.assignment.strategy", "heartbeat.interval.ms", "session.timeout.ms"];
    match classic.into_iter().find(|key| values.is_set(key)) {
        Some(key) => Err(values.error(
            key,
            format!("{key} cannot be set when group.protocol=CONSUMER"),
            &format!("leave out {key}: the broker decides it"),
        )),
        None => Ok(()),
    }
}

/// Without a group there is nothing to commit to: asked for, that is an error, else it is off. Before 2.3 the group was
/// never null.
fn check_auto_commit(values: &mut Values) -> Result<(), ConfigError> {
    let key = "enable.auto.commit";
    if values.text("group.id").is_some() || values.boolean(key) != Some(true) {
        return Ok(());
    }
    if !values.is_set(key) {
        values.adjust(key, Value::Boolean(false));
        return Ok(());
    }
    let message = format!("{key} cannot be set to true when default group id (null) is used.");
    let error = values
        .error(key, message, &format!("leave out {key}, or give a group.id"))
        .thrown_as(Exception::InvalidConfigurationException);
    Err(if values.release.at_least(3, 7) {
        error
    } else {
        error.wrapped_in(Exception::KafkaException, CONSTRUCTION_FAILED)
    })
}

/// From 4.0 on a group has a name.
fn check_group_id(values: &Values) -> Result<(), ConfigError> {
    let is_blank = values.text("group.id").is_some_and(|name| name.trim().is_empty());
    if !is_blank || !values.is_set("group.id") || !values.release.at_least(4, 0) {
        return Ok(());
    }
    let message = "The configured group.id should not be an empty string or whitespace.".to_string();
    Err(values
        .error("group.id", message, "leave out group.id, or give the group a name")
        .thrown_as(Exception::InvalidGroupIdException)
        .wrapped_in(Exception::KafkaException, CONSTRUCTION_FAILED))
}

/// Before 2.0 a request had to outlast a rebalance and a waiting fetch.
fn check_timeouts(values: &Values) -> Result<(), ConfigError> {
    let request = values.number("request.timeout.ms");
    let longest = values.number("session.timeout.ms").max(values.number("fetch.max.wait.ms"));
    if values.release.at_least(2, 0) || request > longest {
        return Ok(());
    }
    let message =
        "request.timeout.ms should be greater than session.timeout.ms and fetch.max.wait.ms".to_string();
    let instead = format!("write request.timeout.ms = {} or more", longest.unwrap_or_default() + 1);
    let key = ["request.timeout.ms", "fetch.max.wait.ms", "session.timeout.ms"]
        .into_iter()
        .find(|key| values.is_set(key))
        .unwrap_or("request.timeout.ms");
    Err(values.error(key, message, &instead).wrapped_in(Exception::KafkaException, CONSTRUCTION_FAILED))
}

/// A member of a classic group beats before its session ends.
fn check_heartbeat(values: &Values) -> Result<(), ConfigError> {
    let (interval, session) = ("heartbeat.interval.ms", "session.timeout.ms");
    let is_classic = values.text("group.protocol").is_none_or(|word| word.eq_ignore_ascii_case("classic"));
    let is_member = values.text("group.id").is_some() && is_classic;
    if !is_member || values.number(interval) < values.number(session) {
        return Ok(());
    }
    let message = "Heartbeat must be set lower than the session timeout".to_string();
    let key = if values.is_set(session) { session } else { interval };
    Err(values
        .error(key, message, &format!("write {interval} below {session}, a third of it as a rule"))
        .thrown_as(Exception::IllegalArgumentException)
        .wrapped_in(Exception::KafkaException, CONSTRUCTION_FAILED))
}
