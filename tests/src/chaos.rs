//! Random clusters under random faults: a scenario a number, small enough that a hundred thousand of them are quick, and
//! every invariant held against each.

mod plan;

use std::cell::Cell;
use std::panic;
use std::sync::Arc;

use sim_core::invariant::{self, Feed, Violation};
use sim_core::kernel::{Run, names_of};
use sim_core::scenario::{Overrides, Scenario, Source};
use sim_core::trace::{Recorder, Unobserved, json_line};
use sim_core::verdict::{Finding, Kind};

pub use plan::plan;

/// What came of one scenario.
#[derive(Debug)]
pub struct Outcome {
    /// What did not hold.
    pub violations: Vec<Violation>,
    /// Findings that the settings do not allow.
    pub forbidden: Vec<String>,
    /// `settled` or `stop`.
    pub ended_by: &'static str,
    /// How many events the run had.
    pub events: u64,
}

impl Outcome {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.violations.is_empty() && self.forbidden.is_empty()
    }
}

/// Reads a scenario.
///
/// # Panics
/// If it is none: the generator makes only such as can be run.
pub fn read(text: &str) -> Scenario {
    let loaded = Scenario::load(&Source::new("chaos.toml", text), &Overrides::default());
    loaded.unwrap_or_else(|errors| panic!("a plan is a scenario\n{text}\n{errors}")).scenario
}

/// Runs a scenario and holds every invariant against it, and the verdict's promises.
pub fn check(scenario: Scenario) -> Outcome {
    let names = Arc::new(names_of(&scenario));
    let run = Run::new(Arc::new(scenario), Arc::clone(&names), (Feed::on(), Unobserved));
    let (finished, violations) = invariant::finish(run);
    let verdict = finished.verdict();
    let findings = &verdict.findings.list;
    // Order is V21's: the verdict goes by the times of `send()`, which do not say who of two threads came first.
    let forbidden =
        findings.iter().filter(|finding| !finding.because.allowed() && finding.kind != Kind::Reordered);
    let told = |finding: &Finding| {
        format!("{} {}: {}", names.record(finding.record), finding.kind.name(), finding.because.text())
    };
    Outcome {
        violations,
        forbidden: forbidden.map(told).collect(),
        ended_by: finished.counters.ended_by,
        events: finished.counters.events,
    }
}

/// Every event of the scenario of this number, one JSON object a line.
pub fn trace(number: u64) -> String {
    let scenario = read(&plan(number));
    let names = Arc::new(names_of(&scenario));
    let finished = Run::new(Arc::new(scenario), Arc::clone(&names), Recorder::all()).finish();
    let lines = finished.observer.events.iter().map(|(stamp, event)| json_line(*stamp, event, &names));
    lines.collect::<Vec<_>>().join("\n")
}

thread_local! {
    /// The number of the scenario that [`failure`] runs.
    static RUNNING: Cell<Option<u64>> = const { Cell::new(None) };
}

/// What is wrong with the scenario of this number, with its file, if anything is.
pub fn failure(number: u64) -> Option<String> {
    RUNNING.set(Some(number));
    let text = plan(number);
    let outcome = check(read(&text));
    RUNNING.set(None);
    if outcome.is_good() {
        return None;
    }
    let wrong = outcome.violations.iter().map(ToString::to_string).chain(outcome.forbidden);
    Some(format!("# scenario {number}\n# {}\n{text}", wrong.collect::<Vec<_>>().join("\n# ")))
}

/// From now on a panic within [`failure`] says which scenario that is: it is the end of the program, where nothing unwinds.
pub fn panics_name_their_scenario() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if let Some(number) = RUNNING.get() {
            eprintln!("scenario {number} panics; `--from {number} --show` prints it");
        }
        before(info);
    }));
}
