//! The producer's rules, one test each, against a far end in virtual time. The golden transcripts of Kafka's own client
//! hold many of them together; these hold them one by one, and those that no transcript shows.

mod batching;
mod closing;
mod idempotence;
mod network;
mod releases;
mod results;
mod rig;
mod sending;
mod waiting;
