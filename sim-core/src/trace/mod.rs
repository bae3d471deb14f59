//! What happened, event by event, each with its cause; and who looks on.
//!
//! A component reports through [`Cx::emit`]. Whoever wants to see the events of a run implements [`Observer`]; a run
//! whose observer is [`Unobserved`] builds none of them and only counts, so a cause has the same number in every run.

mod context;
mod event;
mod fields;
mod observer;
mod schema;
mod watch;

pub use crate::hash;
pub use crate::seq::Seq;
pub use context::{Cx, Fired, Tracer};
pub use event::{Ends, Event, EventKind, MessageBody, MessageEvent};
pub use fields::{Items, OrMinusOne, SplitPart, Value, Visitor};
pub use observer::{Hasher, Observer, Recorder, Stamp, Unobserved, json_line};
pub use watch::{Filter, Occurrence, Trigger, Watch};
