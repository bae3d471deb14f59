//! The scenario file: what it says (`scenario-format.md`), read with source spans.

mod model;

pub use model::{
    Act, Acting, BrokerRef, ChanceOf, Cluster, Consumer, CutEnd, Decode, Distribution, Expect, Fault, Header,
    Keys, Languages, Link, LinkEnd, Mode, Network, On, Overrides, Pace, PartitionChoice, Producer, Resend,
    Sampled, Scenario, Stream, Text, Timing, Topic, Twin, ValueSpec, When,
};
