//! From settings to what the model reads: Kafka's rules about several keys, release by release.

mod classes;
mod producer;

pub use producer::{ProducerExtras, default_compression_ratio, resolve_producer};
