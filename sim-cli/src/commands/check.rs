//! `inflight check`: scenarios and their twins against what they expect, on all cores.

use std::num::NonZero;
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sim_core::invariant::Violation;
use sim_core::scenario::expect::{Mismatch, TraceExpectations, check as hold, check_refusal};
use sim_core::scenario::{Overrides, Scenario, Source};

use crate::args::CheckArgs;
use crate::engine::{self, Invariants};
use crate::error::{CliError, Ending};
use crate::library;
use crate::output::{BAD, GOOD, paint, print};

/// One scenario or twin with one seed.
#[derive(Clone, Debug)]
struct Case {
    /// Its place in the list of sources.
    source: usize,
    twin: Option<String>,
    seed: Option<u64>,
    /// What its reading must end with.
    refused_with: Option<sim_core::protocol::Exception>,
}

/// How a case came out.
enum Outcome {
    Passed,
    Failed(Vec<Mismatch>),
    /// The scenario cannot be read.
    Unreadable(String),
}

pub(crate) fn check(args: &CheckArgs) -> Result<Ending, CliError> {
    let names: Vec<String> = match args.scenarios.is_empty() {
        true => library::names().map(str::to_owned).collect(),
        false => args.scenarios.clone(),
    };
    let mut report = Report::default();
    let mut sources = Vec::new();
    for name in &names {
        match library::open(name) {
            Ok(source) => sources.push(source),
            Err(error) => report.unreadable(&error.to_string())?,
        }
    }
    let mut cases = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        match cases_of(at, source, args.seeds.as_ref().map(|seeds| seeds.0.clone())) {
            Ok(found) => cases.extend(found),
            Err(error) => report.unreadable(&error)?,
        }
    }
    let invariants = Invariants::from(args.check_invariants);
    let outcomes = on_all_cores(&cases, |case| case.run(&sources[case.source], invariants));
    for (case, outcome) in cases.iter().zip(outcomes) {
        report.case(&case.label(&sources), &outcome)?;
    }
    report.close()
}

/// The scenario and each of its twins, with each seed.
fn cases_of(at: usize, source: &Source, seeds: Option<RangeInclusive<u64>>) -> Result<Vec<Case>, String> {
    let loaded = Scenario::load(source, &Overrides::default()).map_err(|errors| errors.to_string())?;
    let twins = loaded.scenario.twins.iter().map(|twin| (Some(twin.name.clone()), twin.expected_error));
    let seeds: Vec<Option<u64>> = seeds.map_or(vec![None], |seeds| seeds.map(Some).collect());
    let variants = std::iter::once((None, None)).chain(twins);
    Ok(variants
        .flat_map(|(twin, refused_with)| {
            // What is refused is refused whatever the seed.
            let seeds = if refused_with.is_some() { vec![None] } else { seeds.clone() };
            seeds.into_iter().map(move |seed| Case { source: at, twin: twin.clone(), seed, refused_with })
        })
        .collect())
}

impl Case {
    fn run(&self, source: &Source, invariants: Invariants) -> Outcome {
        let overrides = Overrides { seed: self.seed, twin: self.twin.clone(), ..Overrides::default() };
        let loaded = Scenario::load(source, &overrides);
        if let Some(exception) = self.refused_with {
            return match check_refusal(exception, loaded.as_ref().err()) {
                None => Outcome::Passed,
                Some(mismatch) => Outcome::Failed(vec![mismatch]),
            };
        }
        let scenario = match loaded {
            Ok(loaded) => loaded.scenario,
            Err(errors) => return Outcome::Unreadable(errors.to_string()),
        };
        let played = engine::play(&scenario, TraceExpectations::of(&scenario.expect), invariants);
        let result = match serde_json::to_value(played.result(true)) {
            Ok(result) => result,
            Err(error) => return Outcome::Unreadable(error.to_string()),
        };
        let mut mismatches = hold(&scenario.expect, &result, played.observer().as_ref());
        mismatches.extend(played.violations.iter().map(mismatch));
        if mismatches.is_empty() { Outcome::Passed } else { Outcome::Failed(mismatches) }
    }

    fn label(&self, sources: &[Source]) -> String {
        let twin = self.twin.as_ref().map(|twin| format!(" --twin {twin}")).unwrap_or_default();
        let seed = self.seed.map(|seed| format!(" --seed {seed}")).unwrap_or_default();
        format!("{}{twin}{seed}", sources[self.source].scenario_name())
    }
}

/// An invariant that did not hold, as something that was expected.
fn mismatch(violation: &Violation) -> Mismatch {
    let Violation { invariant, time, place, seen, expected, .. } = violation;
    Mismatch {
        what: format!("{invariant} at {time}{place}: {}", invariant.rule()),
        expected: expected.clone(),
        got: seen.clone(),
    }
}

/// Does this for each of them, on as many threads as there are cores; results in the order of the list.
fn on_all_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((at, item)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    items.get(at).map(|item| (at, item))
                } {
                    let result = work(item);
                    if let Ok(mut done) = done.lock() {
                        done.push((at, result));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What is printed along the way, and the sum.
#[derive(Default)]
struct Report {
    passed: u64,
    failed: u64,
    bad_input: bool,
}

impl Report {
    fn case(&mut self, label: &str, outcome: &Outcome) -> Result<(), CliError> {
        match outcome {
            Outcome::Passed => {
                self.passed += 1;
                print(&format!("{}    {label}\n", paint(GOOD, "ok")))
            }
            Outcome::Failed(mismatches) => {
                self.failed += 1;
                let mut text = format!("{}  {label}\n", paint(BAD, "FAIL"));
                for Mismatch { what, expected, got } in mismatches {
                    text.push_str(&format!("        {what}: expected {expected}, got {got}\n"));
                }
                print(&text)
            }
            Outcome::Unreadable(error) => self.unreadable(error),
        }
    }

    fn unreadable(&mut self, error: &str) -> Result<(), CliError> {
        use std::io::Write;
        self.failed += 1;
        self.bad_input = true;
        writeln!(anstream::stderr(), "{}: {error}", paint(BAD, "error"))?;
        Ok(())
    }

    fn close(&self) -> Result<Ending, CliError> {
        print(&format!("{} passed, {} failed\n", self.passed, self.failed))?;
        Ok(match (self.bad_input, self.failed) {
            (true, _) => Ending::BadInput,
            (false, 0) => Ending::Done,
            (false, _) => Ending::Unmet,
        })
    }
}
