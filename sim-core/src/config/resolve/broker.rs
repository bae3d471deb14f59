//! A broker's configuration (`broker.md 9`): `KafkaConfig` and its `validateValues`.

use crate::config::given::Settings;
use crate::config::keys::Family;
use crate::config::outcome::{ConfigError, Resolved};
use crate::config::resolve::classes;
use crate::config::value::Value;
use crate::config::values::Values;
use crate::config::{BrokerConfig, Release};
use crate::mutant::Broken;
use crate::protocol::Exception;

/// The configuration that the brokers of this release run with; [`resolve_topic`](super::resolve_topic) needs it too.
///
/// # Errors
/// What a broker says before it refuses to start; unknown keys where they are not only warned about.
pub fn resolve_broker(release: Release, settings: &Settings) -> Result<Resolved<BrokerConfig>, ConfigError> {
    let mut values = Values::read(Family::Broker, release, settings)?;
    // A scenario's cluster has the topics that the scenario names, no others.
    values.set_default("auto.create.topics.enable", Value::Boolean(false));
    check_replication(&values)?;
    check_queue(&values)?;
    check_log_times(&values)?;

    let rack_aware_reads = classes::reads_by_rack(&values)?;

    let number = |key: &str| values.number(key).unwrap_or_default();
    let int = |key: &str| values.int(key).unwrap_or_default();
    let count = |key: &str| values.int(key).map_or(1, |n| n.max(1) as u32);
    let boolean = |key: &str| values.boolean(key).unwrap_or(false);
    let config = BrokerConfig {
        release,
        heartbeat_interval_ms: number("broker.heartbeat.interval.ms"),
        session_timeout_ms: number("broker.session.timeout.ms"),
        replica_lag_time_max_ms: number("replica.lag.time.max.ms"),
        replica_fetch_wait_max_ms: int("replica.fetch.wait.max.ms"),
        replica_fetch_min_bytes: int("replica.fetch.min.bytes"),
        replica_fetch_max_bytes: int("replica.fetch.max.bytes"),
        replica_fetch_response_max_bytes: int("replica.fetch.response.max.bytes"),
        replica_fetch_backoff_ms: number("replica.fetch.backoff.ms"),
        replica_socket_timeout_ms: number("replica.socket.timeout.ms"),
        num_replica_fetchers: count("num.replica.fetchers"),
        hw_checkpoint_interval_ms: number("replica.high.watermark.checkpoint.interval.ms"),
        num_io_threads: count("num.io.threads"),
        socket_request_max_bytes: int("socket.request.max.bytes"),
        connections_max_idle_ms: number("connections.max.idle.ms"),
        fetch_max_bytes: int("fetch.max.bytes"),
        // Before these keys came, the same intervals were fixed or the controller tried at once only.
        producer_id_expiration_ms: values.number("producer.id.expiration.ms").unwrap_or(86_400_000),
        producer_id_expiration_check_interval_ms: values
            .number("producer.id.expiration.check.interval.ms")
            .unwrap_or(600_000),
        log_flush_scheduler_interval_ms: number("log.flush.scheduler.interval.ms"),
        log_retention_check_interval_ms: number("log.retention.check.interval.ms"),
        auto_leader_rebalance: boolean("auto.leader.rebalance.enable"),
        leader_imbalance_check_interval_ms: number("leader.imbalance.check.interval.seconds")
            .saturating_mul(1000),
        unclean_leader_election_interval_ms: values
            .number("unclean.leader.election.interval.ms")
            .unwrap_or(300_000),
        rack_aware_reads,
        controlled_shutdown: boolean("controlled.shutdown.enable"),
        auto_create_topics: boolean("auto.create.topics.enable"),
        broken: Broken::NOT,
    };
    Ok(values.resolved(config))
}

/// A follower's fetch may not wait longer than its socket, nor so long that it falls out of the ISR.
fn check_replication(values: &Values) -> Result<(), ConfigError> {
    let wait = "replica.fetch.wait.max.ms";
    if values.number(wait) > values.number("replica.socket.timeout.ms") {
        let rule = "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent \
                    unnecessary socket timeouts";
        let instead = format!("write a smaller {wait}, or a larger replica.socket.timeout.ms");
        return Err(refused(values, &[wait, "replica.socket.timeout.ms"], rule, &instead));
    }
    if values.number(wait) > values.number("replica.lag.time.max.ms") {
        let rule = "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to \
                    prevent frequent changes in ISR";
        let instead = format!("write a smaller {wait}, or a larger replica.lag.time.max.ms");
        return Err(refused(values, &["replica.lag.time.max.ms", wait], rule, &instead));
    }
    Ok(())
}

/// A limit of the queue lets the largest request in.
fn check_queue(values: &Values) -> Result<(), ConfigError> {
    let (queued, largest) = ("queued.max.request.bytes", "socket.request.max.bytes");
    let has_limit = values.number(queued) > Some(0);
    if !has_limit || values.number(queued) >= values.number(largest) {
        return Ok(());
    }
    let rule = format!("{queued} must be larger or equal to {largest}");
    let instead = format!("write a larger {queued}, or a smaller {largest}");
    Err(refused(values, &[queued, largest], &rule, &instead))
}

/// Segments roll and records expire after some time, or never.
fn check_log_times(values: &Values) -> Result<(), ConfigError> {
    if roll_ms(values) < 1 {
        let keys = ["log.roll.ms", "log.roll.hours"];
        return Err(refused(
            values,
            &keys,
            "log.roll.ms must be greater than or equal to 1",
            "write 1 or more",
        ));
    }
    if retention_ms(values) == 0 {
        let keys = ["log.retention.ms", "log.retention.minutes", "log.retention.hours"];
        let rule = "log.retention.ms must be unlimited (-1) or, greater than or equal to 1";
        return Err(refused(values, &keys, rule, "write -1, or 1 or more"));
    }
    Ok(())
}

/// What Scala's `require` throws; it points at the first of the keys that the user set.
fn refused(values: &Values, keys: &[&str], rule: &str, instead: &str) -> ConfigError {
    let key = keys.iter().copied().find(|key| values.is_set(key)).unwrap_or(keys[0]);
    values
        .error(key, format!("requirement failed: {rule}"), instead)
        .thrown_as(Exception::IllegalArgumentException)
}

/// `log.retention.ms`, else minutes, else hours; -1: for ever.
fn retention_ms(values: &Values) -> i64 {
    let ms = values
        .number("log.retention.ms")
        .or_else(|| values.number("log.retention.minutes").map(|minutes| minutes.saturating_mul(60_000)))
        .or_else(|| values.number("log.retention.hours").map(|hours| hours.saturating_mul(3_600_000)));
    ms.unwrap_or(-1).max(-1)
}

/// `log.roll.ms`, else hours.
fn roll_ms(values: &Values) -> i64 {
    let hours = || values.number("log.roll.hours").map(|hours| hours.saturating_mul(3_600_000));
    values.number("log.roll.ms").or_else(hours).unwrap_or(i64::MAX)
}
