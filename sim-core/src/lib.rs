//! A deterministic model of the Kafka producer pipeline and of the replicated cluster behind it.
pub mod chance;
pub mod config;
pub mod protocol;
pub mod record;
pub mod scenario;
pub mod time;
pub mod trace;
