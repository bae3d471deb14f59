//! The event queue and the loops that drive a run: what is due, whose turn it is, and who gets what.

mod act;
mod build;
mod client;
mod queue;
mod run;
mod settle;
mod thread;

pub use build::names_of;
pub use client::Client;
pub use queue::{Class, Order, Queue};
pub use run::{EndedBy, Run, Tally};
