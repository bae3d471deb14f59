//! `KafkaProducer`: `send()`, `flush()`, `close()` and the sender's loop as one state machine without I/O.

mod api;
mod client;
mod send;
#[cfg(test)]
mod tests;
mod wait;

pub use crate::sender::{Completion, Outcome, Turn};
pub use api::{FlushId, Outgoing, Sending, ThreadIx};
pub use client::Producer;
