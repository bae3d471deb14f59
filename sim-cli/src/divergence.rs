//! Where two runs part: both go on step by step until their events differ.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;
use sim_core::kernel::{Run, names_of};
use sim_core::record::Names;
use sim_core::scenario::Scenario;
use sim_core::time::Time;
use sim_core::trace::{Event, EventKind, Observer, Stamp, json_line};

use crate::trace::brief;

/// The first event that is not the same in both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Divergence {
    /// Its number.
    pub(crate) seq: u64,
    /// What happened in the first run, unless that was over.
    pub(crate) a: Option<EventText>,
    /// And in the second one.
    pub(crate) b: Option<EventText>,
}

/// An event as people read it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct EventText {
    /// When it happened.
    pub(crate) at_ms: f64,
    /// The event on one line.
    pub(crate) text: String,
}

/// Where two runs part.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Parting {
    /// The first event of which any field differs; none if the traces are the same.
    pub(crate) fields: Option<Divergence>,
    /// The first event that is another one, or happens at another time: until there the same things happen.
    pub(crate) deeds: Option<Divergence>,
}

impl Parting {
    /// Runs both until something else happens in one of them.
    pub(crate) fn of(a: &Scenario, b: &Scenario) -> Parting {
        let (mut a, mut b) = (Events::of(a), Events::of(b));
        let mut parting = Parting::default();
        for seq in 0.. {
            let (one, other) = (a.next(), b.next());
            let (same, same_deed) = match (&one, &other) {
                (None, None) => return parting,
                // The first event names the scenario: that two of them are compared is no news.
                (Some(_), Some(_)) if seq == 0 => (true, true),
                (Some(one), Some(other)) => (one.line == other.line, one.deed == other.deed),
                _ => (false, false),
            };
            if !same && parting.fields.is_none() {
                parting.fields = Some(Divergence::new(seq, one.as_ref(), other.as_ref()));
            }
            if !same_deed {
                parting.deeds = Some(Divergence::new(seq, one.as_ref(), other.as_ref()));
                break;
            }
        }
        parting
    }
}

impl Divergence {
    fn new(seq: u64, a: Option<&Seen>, b: Option<&Seen>) -> Divergence {
        let text = |seen: Option<&Seen>| seen.map(|seen| seen.text.clone());
        Divergence { seq, a: text(a), b: text(b) }
    }
}

/// The events of a run, one after the other, taken from it as it goes.
struct Events {
    run: Run<Tail>,
    over: bool,
}

impl Events {
    fn of(scenario: &Scenario) -> Events {
        let names = Arc::new(names_of(scenario));
        Events { run: Run::new(Arc::new(scenario.clone()), names, Tail::default()), over: false }
    }

    fn next(&mut self) -> Option<Seen> {
        loop {
            if let Some(seen) = self.run.observer_mut().events.pop_front() {
                return Some(seen);
            }
            if self.over {
                return None;
            }
            self.over = !self.run.step();
        }
    }
}

/// An event as it is compared and as it is shown.
#[derive(Clone, Debug)]
struct Seen {
    line: String,
    deed: (Time, EventKind),
    text: EventText,
}

/// An observer that keeps what has not been looked at yet.
#[derive(Clone, Debug, Default)]
struct Tail {
    events: VecDeque<Seen>,
}

impl Observer for Tail {
    fn event(&mut self, stamp: Stamp, event: &Event, names: &Names) {
        self.events.push_back(Seen {
            line: json_line(stamp, event, names),
            deed: (stamp.time, event.kind()),
            text: EventText { at_ms: stamp.time.as_millis_f64(), text: brief(event, names) },
        });
    }
}
