//! From settings to what the model reads: Kafka's rules about several keys, release by release.

mod backoff;
mod broker;
mod classes;
mod consumer;
mod producer;
mod topic;

pub use broker::resolve_broker;
pub use consumer::resolve_consumer;
pub use producer::{ProducerExtras, default_compression_ratio, resolve_producer};
pub use topic::resolve_topic;

#[cfg(test)]
mod tests;
