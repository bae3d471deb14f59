//! Where two runs part: both go on step by step until their events differ.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;
use sim_core::kernel::{Run, names_of};
use sim_core::record::Names;
use sim_core::scenario::Scenario;
use sim_core::trace::{Event, Observer, Stamp, json_line};

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

/// Runs both until they part; none if they never do.
pub(crate) fn first_divergence(a: &Scenario, b: &Scenario) -> Option<Divergence> {
    let (mut a, mut b) = (Lines::of(a), Lines::of(b));
    let mut seq = 0;
    loop {
        match (a.next(), b.next()) {
            (None, None) => return None,
            // The first event names the scenario: that two of them are compared is no news.
            (Some(one), Some(other)) if one.line == other.line || seq == 0 => seq += 1,
            (one, other) => {
                let text = |seen: Option<Seen>| seen.map(|seen| seen.text);
                return Some(Divergence { seq, a: text(one), b: text(other) });
            }
        }
    }
}

/// The events of a run, one after the other, taken from it as it goes.
struct Lines {
    run: Run<Tail>,
    over: bool,
}

impl Lines {
    fn of(scenario: &Scenario) -> Lines {
        let names = Arc::new(names_of(scenario));
        Lines { run: Run::new(Arc::new(scenario.clone()), names, Tail::default()), over: false }
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
            text: EventText { at_ms: stamp.time.as_millis_f64(), text: brief(event, names) },
        });
    }
}
