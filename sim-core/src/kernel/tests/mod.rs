//! Whole runs: a scenario, and what must be true of it whatever the seed.

mod chaos;
mod cold;
mod cuts;
mod fixture;
mod pause;
mod power;

use std::sync::Arc;

use super::{Finished, Run, names_of};
use crate::record::TopicPartition;
use crate::scenario::{Overrides, Scenario, Source};
use crate::time::Time;
use crate::trace::{Event, EventKind, Recorder};

const ORDERS: TopicPartition = TopicPartition { topic: crate::record::TopicIx(0), partition: 0 };

/// A run that is about to begin.
fn begun(text: &str) -> Run<Recorder> {
    let loaded = Scenario::load(&Source::new("a.toml", text), &Overrides::default());
    let scenario = loaded.unwrap_or_else(|errors| panic!("{errors}\n\nin\n{text}")).scenario;
    let names = Arc::new(names_of(&scenario));
    Run::new(Arc::new(scenario), names, Recorder::all())
}

fn finished(text: &str) -> Finished<Recorder> {
    begun(text).finish()
}

/// The same with each of a few seeds.
fn with_seeds(text: &str, mut check: impl FnMut(u64, &Finished<Recorder>)) {
    for seed in 1..=3 {
        check(seed, &finished(&format!("seed = {seed}\n{text}")));
    }
}

impl Finished<Recorder> {
    /// The events of a kind, with their times.
    fn events(&self, kind: EventKind) -> impl Iterator<Item = (Time, &Event)> {
        let events = self.observer.events.iter().filter(move |(_, event)| event.kind() == kind);
        events.map(|(stamp, event)| (stamp.time, event))
    }

    /// When events of this kind happened that this holds for.
    fn times(&self, kind: EventKind, which: impl Fn(&Event) -> bool) -> Vec<Time> {
        self.events(kind).filter(|(_, event)| which(event)).map(|(time, _)| time).collect()
    }

    fn acknowledged(&self) -> usize {
        self.events(EventKind::Acknowledged).count()
    }
}
