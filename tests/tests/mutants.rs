//! Every checker can fail: each broken twin of the model is caught by the checkers that `docs/invariants.md` names for it, in
//! scenarios in which the model itself breaks nothing.
#![cfg(feature = "mutants")]

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use inflight_tests::{chaos, repository};
use sim_core::invariant::{Feed, Invariant, Invariants};
use sim_core::kernel::{Run, names_of};
use sim_core::mutant::{Broken, Mutant};
use sim_core::scenario::Scenario;
use sim_core::trace::Unobserved;

/// So many random scenarios are tried with each mutant at most.
const RUNS: u64 = 2_000;

/// So many events of the queue are taken of each: what is broken may go round in circles. The longest of the random
/// scenarios takes 44,046.
const STEPS: u32 = 60_000;

/// Scenarios made for what random ones seldom meet: the mutant's name is the file's.
const STORIES: &str = "tests/mutants";

/// Where it is told which checker catches which mutant.
const PAGE: &str = "docs/invariants.md";

#[test]
fn every_mutant_is_caught_by_the_checkers_that_the_page_names() {
    let page = page();
    let hunts = in_threads(Mutant::ALL, |&mutant| hunt(mutant, &page[mutant.name()]));
    let wrong: Vec<&str> = hunts.iter().filter_map(|hunt| hunt.wrong.as_deref()).collect();
    assert!(wrong.is_empty(), "not caught as the page says:\n{}", wrong.join("\n"));

    // The control: the model itself, in every scenario that was needed.
    let numbers: Vec<u64> = (0..hunts.iter().map(|hunt| hunt.tried).max().unwrap_or(0)).collect();
    let own = in_threads(&numbers, |&number| check(plan(number), &Invariant::ALL.iter().copied().collect()));
    for (number, broken) in numbers.iter().zip(own) {
        assert!(broken.is_empty(), "scenario {number} breaks {broken:?} in the model itself");
    }
}

/// What has been made for a mutant is a scenario like any other without it.
#[test]
fn the_model_itself_breaks_nothing_in_the_stories() {
    let names: BTreeSet<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
    for file in repository::files_below(STORIES) {
        let mutant = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        assert!(names.contains(mutant), "{}: no mutant has this name", file.display());
        let outcome = chaos::check(chaos::read(&repository::text(&file)));
        assert!(outcome.is_good(), "{}: {outcome:?}", file.display());
    }
}

/// The page's table has every mutant in its own words, and every checker catches one at least.
#[test]
fn the_page_has_every_mutant_and_every_checker() {
    let text = repository::text(Path::new(PAGE));
    for mutant in Mutant::ALL {
        let row = format!("\n| `{}` | {} | ", mutant.name(), mutant.what());
        assert!(text.contains(&row), "{PAGE} does not say{row}");
    }
    let page = page();
    let mutants: BTreeSet<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
    assert_eq!(page.keys().map(String::as_str).collect::<BTreeSet<_>>(), mutants);
    let catches: BTreeSet<Invariant> = page.into_values().flatten().collect();
    assert_eq!(catches, Invariant::ALL.iter().copied().collect());
}

/// What came of looking for the checkers that catch a mutant.
struct Hunt {
    /// How many random scenarios it took.
    tried: u64,
    /// Which checkers should have caught it, and which have, if those are not the same.
    wrong: Option<String>,
}

/// Tries a mutant's own story, then random ones, until every checker that is wanted has caught it.
fn hunt(mutant: Mutant, wanted: &BTreeSet<Invariant>) -> Hunt {
    let broken = |mut scenario: Scenario| {
        scenario.cluster.config.broken = Broken::by(mutant);
        scenario
    };
    let mut caught: BTreeMap<Invariant, u32> = BTreeMap::new();
    let mut note = |seen: BTreeSet<Invariant>| {
        seen.into_iter().for_each(|invariant| *caught.entry(invariant).or_default() += 1);
        wanted.iter().all(|invariant| caught.contains_key(invariant))
    };
    let story = PathBuf::from(format!("{STORIES}/{}.toml", mutant.name()));
    let has_story = repository::files_below(STORIES).contains(&story);
    if has_story && note(check(broken(chaos::read(&repository::text(&story))), wanted)) {
        return Hunt { tried: 0, wrong: None };
    }
    for number in 0..RUNS {
        if note(check(broken(plan(number)), wanted)) {
            return Hunt { tried: number + 1, wrong: None };
        }
    }
    let list: Vec<String> = caught.iter().map(|(checker, runs)| format!("{checker} ({runs})")).collect();
    let wrong = format!(
        "{} is to be caught by {wanted:?}; in {RUNS} scenarios by {}",
        mutant.name(),
        list.join(", ")
    );
    Hunt { tried: RUNS, wrong: Some(wrong) }
}

fn plan(number: u64) -> Scenario {
    chaos::read(&chaos::plan(number))
}

/// The invariants that a run breaks, until all that are looked for are among them.
fn check(scenario: Scenario, wanted: &BTreeSet<Invariant>) -> BTreeSet<Invariant> {
    let mut seen = BTreeSet::new();
    // What is broken may go to pieces in other ways too.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let names = Arc::new(names_of(&scenario));
        let mut run = Run::new(Arc::new(scenario), names, (Feed::on(), Unobserved));
        let mut invariants = Invariants::new(&run);
        for _ in 0..STEPS {
            let goes_on = run.step();
            invariants.after_step(&mut run);
            if !goes_on {
                invariants.at_end(&run);
            }
            if invariants.violations().len() > seen.len() {
                seen = invariants.violations().iter().map(|violation| violation.invariant).collect();
            }
            if !goes_on || wanted.is_subset(&seen) {
                break;
            }
        }
    }));
    seen
}

/// Does the same with each, in all threads that there are.
fn in_threads<T: Sync, R: Send>(all: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(it) = all.get(at) else { break };
                    let result = each(it);
                    results.lock().expect("no thread has panicked").insert(at, result);
                }
            });
        }
    });
    results.into_inner().expect("no thread has panicked").into_values().collect()
}

/// The page's table: mutant, and the checkers that catch it.
fn page() -> BTreeMap<String, BTreeSet<Invariant>> {
    let page = repository::text(Path::new(PAGE));
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [mutant, _, checkers] = cells[..] else { return None };
        let mutant = mutant.strip_prefix('`')?.strip_suffix('`')?;
        let checkers = checkers.split(", ").map(|name| {
            let found = Invariant::ALL.iter().find(|invariant| invariant.name() == name);
            *found.unwrap_or_else(|| panic!("{mutant}: there is no checker {name}"))
        });
        Some((mutant.to_owned(), checkers.collect()))
    });
    rows.collect()
}
