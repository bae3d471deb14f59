//! A scenario's text, run to its end, with everything that happened.

use std::sync::Arc;

use crate::kernel::{Finished, Run, names_of};
use crate::record::BrokerId;
use crate::scenario::{Overrides, Scenario, Source};
use crate::time::{Span, Time};
use crate::trace::{Event, EventKind, Recorder, Stamp};
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

/// A run that is about to begin.
pub(super) fn begun(text: &str, seed: u64) -> Run<Recorder> {
    let scenario = Arc::new(scenario(text, seed));
    let names = Arc::new(names_of(&scenario));
    Run::new(scenario, names, Recorder::all())
}

/// What holds whatever the seed: of each of a few seeds.
pub(super) fn with_seeds(text: &str, mut check: impl FnMut(u64, &Played)) {
    for seed in 1..=3 {
        check(seed, &play(text, seed));
    }
}

/// Runs it with this seed.
pub(super) fn play(text: &str, seed: u64) -> Played {
    let finished = begun(text, seed).finish();
    let verdict = finished.verdict();
    Played { finished, verdict }
}

impl Played {
    /// Everything that happened, in order.
    pub(super) fn events(&self) -> &[(Stamp, Event)] {
        &self.finished.observer.events
    }

    /// The events of a kind, with their times.
    pub(super) fn of(&self, kind: EventKind) -> impl Iterator<Item = (Time, &Event)> {
        let events = self.events().iter().filter(move |(_, event)| event.kind() == kind);
        events.map(|(stamp, event)| (stamp.time, event))
    }

    /// How many records were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.of(EventKind::Acknowledged).count()
    }

    /// When events of a kind happened.
    pub(super) fn times_of(&self, kind: EventKind) -> Vec<Time> {
        self.times(|event| event.kind() == kind)
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

    /// The leaders that partition 0 got, and why.
    pub(super) fn elections(&self) -> Vec<(Option<BrokerId>, &'static str, bool)> {
        let elected = |(_, event): &(Stamp, Event)| match event {
            Event::LeaderChanged { partition: 0, leader, by, unclean, .. } => Some((leader.0, *by, *unclean)),
            _ => None,
        };
        self.events().iter().filter_map(elected).collect()
    }

    /// The longest time without a success between two of these.
    pub(super) fn longest_silence(&self) -> Span {
        let acks = self.times(|event| matches!(event, Event::Acknowledged { .. }));
        acks.windows(2).map(|pair| pair[1].since(pair[0])).max().unwrap_or_default()
    }

    /// Acknowledged records that are not in the final log.
    pub(super) fn lost(&self) -> u64 {
        self.verdict.findings.counts.lost_acknowledged
    }
}
