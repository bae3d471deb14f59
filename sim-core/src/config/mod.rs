//! Kafka's configuration: releases, keys, defaults, Kafka's own checks, and the typed settings that the model reads.

mod allowed;
#[cfg(test)]
pub(crate) mod fixture;
mod given;
mod keys;
mod outcome;
mod properties;
mod release;
mod resolve;
mod settings;
mod unknown;
mod value;
mod values;

pub use given::{Origin, Setting, Settings};
pub use keys::{Effect, Family, Key, Kind, families_of};
pub use outcome::{ConfigError, Effective, Note, NoteKind, Resolved};
pub use properties::{PropertiesError, Property, decode_properties, parse_properties};
pub use release::Release;
pub use resolve::{
    ProducerExtras, default_compression_ratio, resolve_broker, resolve_consumer, resolve_producer,
    resolve_topic,
};
pub use settings::{
    BrokerConfig, CleanupPolicy, ConsumerConfig, IsolationLevel, MetadataRecovery, OffsetReset,
    PartitionerClass, ProducerConfig, SerializerClass, TimestampType, TopicConfig,
};
pub use unknown::{nearest, nobody_has};
