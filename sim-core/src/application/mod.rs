//! The application: streams of records, when they are due and what is in them (`scenario-format.md`,
//! `[[producers.sends]]`). Threads, results and the ledger are the kernel's.

mod pacing;
mod plan;
mod stream;
#[cfg(test)]
mod tests;

pub use plan::{Plan, PlanError};
pub use stream::StreamState;
