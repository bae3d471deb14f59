//! The application: streams of records, when they are due and what is in them (`scenario-format.md`,
//! `[[producers.sends]]`). Threads, results and the ledger are the kernel's.

mod pacing;
mod placeholder;
mod plan;
mod stream;
mod template;
#[cfg(test)]
mod tests;
mod zipf;

pub use plan::{Plan, PlanError};
pub use stream::StreamState;
pub use template::{NumberTemplate, Template, TemplateError};
