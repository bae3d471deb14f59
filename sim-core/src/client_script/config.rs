//! The producer's configuration in a script.

use super::error::ScriptError;
use super::script::Script;
use crate::config::{
    MetadataRecovery, Origin, ProducerConfig, ProducerExtras, Release, Settings, resolve_producer,
};

const RECOVERY: &str = "metadata.recovery.strategy";

/// The script's settings as a client of this release understands them. A key that it does not know it only warns about.
/// A client starts over from its bootstrap list only if the script says so.
pub(super) fn resolve(script: &Script, release: Release) -> Result<ProducerConfig, ScriptError> {
    let mut settings = Settings::new();
    for (line, (key, value)) in (1..).zip(&script.config) {
        settings.push(key, value, Origin::Properties { file: script.name.as_str().into(), line });
    }
    let extras = ProducerExtras {
        client_id: "oracle".to_owned(),
        partitioner: None,
        compression_ratio: script.compression_ratio,
        jitter: true,
    };
    let resolved = resolve_producer(release, &settings, extras)
        .map_err(|error| ScriptError::Config { release, source: Box::new(error) })?;
    let mut config = resolved.config;
    if !script.config.contains_key(RECOVERY) {
        config.metadata_recovery = MetadataRecovery::None;
    }
    Ok(config)
}

/// The client whose transcripts ours were held against; where there are none, the minor release.
pub(super) fn kafka_version(release: Release) -> String {
    let minor = release.to_string();
    let minor = minor.trim_start_matches("kafka-");
    match minor {
        "3.9" | "4.1" => format!("{minor}.1"),
        "4.2" | "4.3" => format!("{minor}.0"),
        _ => minor.to_owned(),
    }
}
