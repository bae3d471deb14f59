//! Kafka's configuration: releases, keys, defaults, Kafka's own checks, and the typed settings that the model reads.

mod release;
mod settings;

pub use release::Release;
pub use settings::{
    BrokerConfig, CleanupPolicy, ConsumerConfig, IsolationLevel, MetadataRecovery, OffsetReset,
    PartitionerClass, ProducerConfig, SerializerClass, TimestampType, TopicConfig,
};
