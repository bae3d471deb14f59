//! What happened, event by event, each with its cause; and who looks on.
//!
//! A component reports through [`Cx::emit`]. Whoever wants to see the events of a run implements [`Observer`]; a run
//! whose observer is [`Unobserved`] builds none of them and only counts, so a cause has the same number in every run.

mod context;
mod event;
mod fields;
pub mod hash;
mod observer;
mod schema;
mod watch;

pub use context::{Cx, Fired, Tracer};
pub use event::{Ends, Event, EventKind, MessageBody, MessageEvent};
pub use fields::{Items, OrMinusOne, SplitPart, Value, Visitor};
pub use observer::{Hasher, Observer, Recorder, Stamp, Unobserved, json_line};
pub use watch::{Filter, Occurrence, Trigger, Watch};

/// The number of an event in its run: 0, 1, 2 ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

impl Seq {
    /// No event: what comes from outside (the start, the scenario's clock, a timed fault).
    pub const OUTSIDE: Seq = Seq(u64::MAX);

    /// The number, unless it is [`Seq::OUTSIDE`].
    pub fn number(self) -> Option<u64> {
        (self != Seq::OUTSIDE).then_some(self.0)
    }
}
