//! A deterministic model of the Kafka producer pipeline and of the replicated cluster behind it.
//!
//! One folder a stage, in the order in which a record meets them; `ARCHITECTURE.md` in the repository is the map.

pub mod backoff;
pub mod chance;
pub mod client_script;
pub mod config;
pub mod hash;
pub mod mutant;
pub mod protocol;
pub mod record;
pub mod sampling;
pub mod scenario;
pub mod seq;
pub mod template;
pub mod time;
pub mod trace;

pub mod accumulator;
pub mod application;
pub mod broker;
pub mod consumer;
pub mod controller;
pub mod fault;
pub mod invariant;
pub mod kernel;
pub mod network;
pub mod partitioner;
pub mod producer;
pub mod sender;
pub mod serializer;
pub mod verdict;
