//! Client scripts: the producer of every scenario, driven by a script against a scripted stand-in for the cluster.
//!
//! Kafka's own Java client, driven by the same script, has written the golden transcripts that ours are held against.

mod application;
mod check;
mod config;
mod connection;
mod equal;
mod error;
mod fields;
mod layout;
mod leaders;
mod log;
mod run;
mod scribe;
mod script;
mod stand_in;
mod timeline;
mod transcript;

pub use equal::{Divergence, divergence};
pub use error::ScriptError;
pub use run::{observe_script, run_script};
pub use script::Script;
pub use transcript::Transcript;
