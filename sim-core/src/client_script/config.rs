//! The producer's configuration in a script.

use super::error::ScriptError;
use super::script::Script;
use crate::config::{MetadataRecovery, PartitionerClass, ProducerConfig, Release};
use crate::record::Codec;

pub(super) fn resolve(script: &Script, release: Release) -> Result<ProducerConfig, ScriptError> {
    let num =
        |key: &str, default: i64| script.config.get(key).and_then(|v| v.parse().ok()).unwrap_or(default);
    let acks: i16 = match script.config.get("acks").map(String::as_str) {
        None | Some("all") => -1,
        Some(n) => n.parse().unwrap_or(-1),
    };
    let idempotence = script.config.get("enable.idempotence").map(|v| v == "true");
    let linger = num("linger.ms", 5);
    let request = num("request.timeout.ms", 30_000);
    let retry = num("retry.backoff.ms", 100);
    Ok(ProducerConfig {
        release,
        client_id: "oracle".into(),
        acks,
        enable_idempotence: idempotence.unwrap_or(
            acks == -1 && num("max.in.flight.requests.per.connection", 5) <= 5 && num("retries", 1) > 0,
        ),
        retries: num("retries", i64::from(i32::MAX)) as i32,
        max_in_flight: num("max.in.flight.requests.per.connection", 5) as u32,
        delivery_timeout_ms: Some(num("delivery.timeout.ms", 120_000.max(linger + request))),
        request_timeout_ms: request,
        linger_ms: linger,
        batch_size: num("batch.size", 16384).max(1) as u32,
        buffer_memory: num("buffer.memory", 33_554_432),
        max_block_ms: num("max.block.ms", 60_000),
        max_request_size: num("max.request.size", 1_048_576) as i32,
        compression: Codec::None,
        compression_ratio: 1.0,
        retry_backoff_ms: retry.min(num("retry.backoff.max.ms", 1000)),
        retry_backoff_max_ms: num("retry.backoff.max.ms", 1000),
        reconnect_backoff_ms: num("reconnect.backoff.ms", 50),
        reconnect_backoff_max_ms: num("reconnect.backoff.max.ms", 1000),
        connection_setup_timeout_ms: Some(num("socket.connection.setup.timeout.ms", 10_000)),
        connection_setup_timeout_max_ms: num("socket.connection.setup.timeout.max.ms", 30_000),
        connections_max_idle_ms: num("connections.max.idle.ms", 540_000),
        metadata_max_age_ms: num("metadata.max.age.ms", 300_000),
        metadata_max_idle_ms: num("metadata.max.idle.ms", 300_000),
        metadata_recovery: MetadataRecovery::None,
        rebootstrap_trigger_ms: 300_000,
        partitioner: PartitionerClass::BuiltIn,
        partitioner_ignore_keys: false,
        partitioner_adaptive: script
            .config
            .get("partitioner.adaptive.partitioning.enable")
            .is_none_or(|v| v == "true"),
        partitioner_availability_timeout_ms: num("partitioner.availability.timeout.ms", 0),
        key_serializer: None,
        value_serializer: None,
        jitter: true,
    })
}

/// The client whose transcripts ours are to equal; where no golden ones are known, the minor release.
pub(super) fn kafka_version(release: Release) -> String {
    let minor = release.to_string();
    let minor = minor.trim_start_matches("kafka-");
    match minor {
        "3.9" | "4.1" => format!("{minor}.1"),
        "4.2" => format!("{minor}.0"),
        _ => minor.to_owned(),
    }
}
