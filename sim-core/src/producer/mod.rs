//! `KafkaProducer`: `send()`, `flush()`, `close()` and the sender's loop as one state machine without I/O.

mod api;
mod client;

pub use api::{Completion, FlushId, Outcome, Outgoing, Sending, ThreadIx, Turn};
pub use client::Producer;
