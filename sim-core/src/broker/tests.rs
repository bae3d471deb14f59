//! The rules of `broker.md`, one by one, on a small cluster whose messages are passed by hand.

mod divergence;
mod faults;
mod isr;
mod lifecycle;
mod produce;
mod racks;
mod reads;
mod replication;
mod shutdown;
mod soak;
mod truncation;
