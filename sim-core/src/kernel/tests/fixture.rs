//! A scenario's text, run to its end, with everything that happened.

use std::sync::Arc;

use crate::kernel::{Finished, Run, names_of};
use crate::scenario::{Overrides, Scenario, Source};
use crate::time::Time;
use crate::trace::{Event, Recorder, Stamp};
use crate::verdict::Verdict;

/// A run that is over.
pub(super) struct Played {
    pub(super) finished: Finished<Recorder>,
    pub(super) verdict: Verdict,
}

/// Reads a scenario; what is wrong with it is a test's mistake.
pub(super) fn scenario(text: &str, seed: u64) -> Scenario {
    let overrides = Overrides { seed: Some(seed), ..Overrides::default() };
    let loaded = Scenario::load(&Source::new("test.toml", text), &overrides);
    loaded.unwrap_or_else(|errors| panic!("{errors}\n\nin\n{text}")).scenario
}

/// Runs it with this seed.
pub(super) fn play(text: &str, seed: u64) -> Played {
    let scenario = Arc::new(scenario(text, seed));
    let names = Arc::new(names_of(&scenario));
    let finished = Run::new(scenario, names, Recorder::all()).finish();
    let verdict = finished.verdict();
    Played { finished, verdict }
}

impl Played {
    /// Everything that happened, in order.
    pub(super) fn events(&self) -> &[(Stamp, Event)] {
        &self.finished.observer.events
    }

    /// When something happened, each time.
    pub(super) fn times(&self, is: impl Fn(&Event) -> bool) -> Vec<Time> {
        self.events().iter().filter(|(_, event)| is(event)).map(|(stamp, _)| stamp.time).collect()
    }

    /// When something happened for the first time.
    #[track_caller]
    pub(super) fn first(&self, is: impl Fn(&Event) -> bool) -> Time {
        *self.times(is).first().expect("it happens")
    }

    /// When a broker began to lead partition 0 in this leader epoch.
    #[track_caller]
    pub(super) fn leads_from(&self, epoch: i32) -> Time {
        self.first(|event| {
            matches!(event, Event::RoleChanged { broker, leader, leader_epoch, partition: 0, .. }
                if leader.0 == Some(*broker) && *leader_epoch == epoch)
        })
    }

    /// Acknowledged records that are not in the final log.
    pub(super) fn lost(&self) -> u64 {
        self.verdict.findings.counts.lost_acknowledged
    }
}
