//! From a name and changes to a run: reads the scenario, runs it with whoever looks on, and judges it.

use std::sync::Arc;

use sim_core::config::decode_properties;
use sim_core::invariant::{self, Feed, Violation};
use sim_core::kernel::{Finished, Run, names_of};
use sim_core::scenario::{Loaded, Overrides, Scenario, Source, limits};
use sim_core::time::Time;
use sim_core::trace::{Hasher, Observer, Unobserved};
use sim_core::verdict::{CauseIndex, RunResult, Verdict};

use crate::args::{Changes, Chosen};
use crate::error::CliError;
use crate::library;

/// What the command line changes.
pub(crate) fn overrides(changes: &Changes) -> Result<Overrides, CliError> {
    let producer_properties = match &changes.producer_config {
        None => None,
        Some(path) => {
            let bytes = library::read_up_to(path, limits::FILE_BYTES).map_err(CliError::read(path))?;
            let name = path.display().to_string();
            let text =
                decode_properties(&bytes).map_err(|error| CliError::input(format!("{name}: {error}")))?;
            Some((name.clone(), text.to_owned()))
        }
    };
    Ok(Overrides {
        seed: changes.seed,
        twin: changes.twin.clone(),
        set: changes.set.clone(),
        producer_properties,
    })
}

/// Reads a scenario with its changes.
pub(crate) fn load(chosen: &Chosen) -> Result<Loaded, CliError> {
    load_with(&library::open(&chosen.scenario)?, &overrides(&chosen.changes)?)
}

/// Reads a scenario with these changes.
pub(crate) fn load_with(source: &Source, overrides: &Overrides) -> Result<Loaded, CliError> {
    Scenario::load(source, overrides).map_err(|errors| CliError::input(errors.to_string()))
}

/// A run that is over, with its verdict.
pub(crate) struct Played<O> {
    /// What it left behind.
    pub(crate) finished: Finished<Watched<O>>,
    /// What became of its records.
    pub(crate) verdict: Verdict,
    /// The invariants that did not hold; none if they were not checked.
    pub(crate) violations: Vec<Violation>,
}

/// Who looks on in every run of the command: the checkers' feed, the hash, the causes of findings, and whoever else.
pub(crate) type Watched<O> = (Feed, (Hasher, (CauseIndex, O)));

/// Whether the invariants are checked along the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invariants {
    Checked,
    Unchecked,
}

impl From<bool> for Invariants {
    fn from(checked: bool) -> Invariants {
        if checked { Invariants::Checked } else { Invariants::Unchecked }
    }
}

/// Runs a scenario to its end: hashed, and with the causes of findings noted.
pub(crate) fn play<O: Observer>(scenario: &Scenario, observer: O, invariants: Invariants) -> Played<O> {
    let names = Arc::new(names_of(scenario));
    let feed = if invariants == Invariants::Checked { Feed::on() } else { Feed::off() };
    let observers = (feed, (Hasher::new(&names), (CauseIndex::default(), observer)));
    let run = Run::new(Arc::new(scenario.clone()), names, observers);
    let (finished, violations) = match invariants {
        Invariants::Checked => invariant::finish(run),
        Invariants::Unchecked => (run.finish(), Vec::new()),
    };
    let verdict = finished.verdict();
    Played { finished, verdict, violations }
}

impl<O> Played<O> {
    /// The result as programs read it.
    pub(crate) fn result(&self, full: bool) -> RunResult {
        let (_, (hasher, _)) = &self.finished.observer;
        self.finished.result(&self.verdict, Some(self.causes()), Some(hasher.value()), full)
    }

    /// Where causes of findings are looked up.
    pub(crate) fn causes(&self) -> &CauseIndex {
        &self.finished.observer.1.1.0
    }

    /// Who else looked on.
    pub(crate) fn observer(&self) -> &O {
        &self.finished.observer.1.1.1
    }
}

impl<O> Played<O> {
    /// Who else looked on, to be told that it is over.
    pub(crate) fn observer_mut(&mut self) -> &mut O {
        &mut self.finished.observer.1.1.1
    }
}

/// A run as it stands after everything of this instant, or at its end.
pub(crate) fn run_to(scenario: &Scenario, at: Option<Time>) -> Run<Unobserved> {
    let mut run = Run::new(Arc::new(scenario.clone()), Arc::new(names_of(scenario)), Unobserved);
    match at {
        None => {
            run.run();
        }
        Some(at) => while run.next_time().is_some_and(|next| next <= at) && run.step() {},
    }
    run
}
