//! The event queue and the loops that drive a run.

mod queue;

pub use queue::{Class, Order, Queue};
