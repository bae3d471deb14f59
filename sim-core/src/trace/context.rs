//! What a component is given with every input: the instant, the source of choices, and where to report.

use std::sync::Arc;

use super::Seq;
use super::event::Event;
use super::observer::{Observer, Stamp};
use super::watch::Watch;
use crate::chance::Chance;
use crate::record::Names;
use crate::time::Time;

/// Numbers the events of a run, shows them to its observer, and notices those that set off a fault.
#[derive(Clone, Debug)]
pub struct Tracer<O> {
    next: u64,
    /// Who looks on.
    pub observer: O,
    /// The names behind the indices.
    pub names: Arc<Names>,
    /// The armed triggers.
    pub watch: Watch,
    /// What has been set off since the kernel last looked.
    pub fired: Vec<Fired>,
}

/// A fault that an event has set off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The fault's place in the file.
    pub fault: usize,
    /// The event.
    pub cause: Seq,
}

impl<O: Observer> Tracer<O> {
    /// A run's tracer, before its first event.
    pub fn new(observer: O, names: Arc<Names>) -> Tracer<O> {
        Tracer { next: 0, observer, names, watch: Watch::default(), fired: Vec::new() }
    }

    /// How many events there have been.
    pub fn events(&self) -> u64 {
        self.next
    }
}

/// The context of one input to a component.
pub struct Cx<'a, O> {
    /// The instant.
    pub now: Time,
    /// The only source of choices.
    pub chance: &'a mut dyn Chance,
    /// The trace.
    pub trace: &'a mut Tracer<O>,
}

impl<O: Observer> Cx<'_, O> {
    /// Reports an event. It is built only if somebody looks on or waits for it; its number is counted all the same.
    #[inline]
    pub fn emit(&mut self, cause: Seq, event: impl FnOnce() -> Event) -> Seq {
        let seq = Seq(self.trace.next);
        self.trace.next += 1;
        if self.observed() {
            let event = event();
            if O::LOOKS {
                self.trace.observer.event(Stamp { time: self.now, seq, cause }, &event, &self.trace.names);
            }
            // A message's triggers are asked by the network, before it is written or delivered.
            if self.trace.watch.wants_events() && !event.kind().is_message() {
                for fault in self.trace.watch.fired(self.now, &event, self.chance) {
                    self.trace.fired.push(Fired { fault, cause: seq });
                }
            }
        }
        seq
    }

    /// Whether events are looked at: if not, a loop over a batch's records may [`Cx::skip`] theirs in one step.
    #[inline]
    pub fn observed(&self) -> bool {
        O::LOOKS || self.trace.watch.wants_events()
    }

    /// Counts so many events that nobody looks at; the number of the first.
    #[inline]
    pub fn skip(&mut self, events: u64) -> Seq {
        let first = Seq(self.trace.next);
        self.trace.next += events;
        first
    }

    /// Whether an event of this input has set off a fault that the kernel has yet to apply. A loop over many results
    /// looks at it and stops where it stands if the fault may end the component (a crash on the n-th append).
    #[inline]
    pub fn interrupted(&self) -> bool {
        !self.trace.fired.is_empty()
    }
}
