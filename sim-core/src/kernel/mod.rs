//! The event queue and the loops that drive a run: what is due, whose turn it is, and who gets what.

mod act;
mod broker_process;
mod build;
mod chaos;
mod client;
mod components;
mod controller_process;
mod finish;
mod lost_tails;
mod messages;
mod old_min_isr;
mod pause;
mod queue;
mod readers;
mod run;
mod settle;
mod tally;
#[cfg(test)]
mod tests;
mod view;

pub use build::names_of;
pub use client::Client;
pub use finish::Finished;
pub use queue::{Class, Order, Queue};
pub use run::{EndedBy, Refused, Run};
pub use tally::Tally;
