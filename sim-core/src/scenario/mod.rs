//! The scenario file: what it says (`scenario-format.md`), read with source spans.
//!
//! A file becomes a tree of values that know their places; a twin and the command line change the tree; the readers in
//! `read/` type it and check every name, range and rule of Kafka's. [`Scenario::load`] does all of it.

mod document;
mod error;
pub mod expect;
pub mod limits;
mod listing;
mod load;
mod merge;
mod model;
mod nearest;
mod overrides;
mod quantity;
mod read;
mod section;
mod source;

pub use error::{ScenarioError, ScenarioErrors};
pub use expect::Expect;
pub use listing::Listing;
pub use load::{Loaded, as_json, properties_named};
pub use model::{
    Act, Acting, BrokerRef, ChanceOf, Chaos, ChaosFault, ChaosKind, Cluster, ConfigChanges, Consumer, CutEnd,
    Decode, Distribution, Fault, Header, Keys, Languages, Link, LinkEnd, Mode, Network, On, Overrides, Pace,
    PartitionChoice, PowerLoss, Producer, Resend, Sampled, Scenario, Stream, Text, Timing, Topic, Twin,
    ValueSpec, When,
};
pub use read::{PartConfig, PartNote};
pub use source::Source;

#[cfg(test)]
mod tests;
