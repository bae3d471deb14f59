//! Connections between clients, brokers and the controller: ordered bytes with latency, bandwidth, loss and resets.
//!
//! The network is passive: the kernel asks it to connect, write and close, schedules what it hands back
//! ([`Network::take_schedule`]) and carries its [`Delivery`] list to the machines. What a message meets on its way is
//! decided when it is written and again when it would arrive, so a cut that begins or ends meanwhile counts.

mod arriving;
mod closing;
mod connection;
mod current;
mod link;
mod message;
mod opening;
mod pause;
mod power;
mod silence;
mod ticket;
mod wire;
mod writing;

#[cfg(test)]
mod tests;

pub use connection::ConnectionId;
pub use link::{CutRule, Endpoint};
pub use message::MessageSlot;
pub use ticket::{Forced, Ticket};
pub use wire::{Delivery, Network, NetworkTimer, Treatment};
