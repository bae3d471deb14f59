//! Every checker can fail: each broken twin of the model is caught by the checkers that `docs/invariants.md` names for it.
#![cfg(feature = "mutants")]

use std::collections::{BTreeMap, BTreeSet};
use std::panic::catch_unwind;
use std::path::Path;

use inflight_tests::{chaos, repository};
use sim_core::invariant::Invariant;
use sim_core::mutant::{Broken, Mutant};

/// So many random scenarios are tried with each mutant at most.
const RUNS: u64 = 4_000;

/// So many in any case where the page does not say what is to be found.
const LOOK: u64 = 400;

#[test]
fn every_mutant_is_caught_by_the_checkers_that_the_page_names() {
    let page = page();
    let mut wrong = Vec::new();
    for &mutant in Mutant::ALL {
        let named = page.get(mutant.name()).cloned().unwrap_or_default();
        let caught = caught(mutant, &named);
        if named.is_empty() || !named.is_subset(&caught.keys().copied().collect()) {
            let list: Vec<String> = caught.iter().map(|(name, runs)| format!("{name} ({runs})")).collect();
            wrong.push(format!("| `{}` | {} | {} |", mutant.name(), mutant.what(), list.join(", ")));
        }
    }
    assert!(
        wrong.is_empty(),
        "not caught as the page says; caught by (in how many runs):\n{}",
        wrong.join("\n")
    );
}

/// The page's table has every mutant, and every checker catches one at least.
#[test]
fn the_page_has_every_mutant_and_every_checker() {
    let page = page();
    let mutants: BTreeSet<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
    assert_eq!(page.keys().map(String::as_str).collect::<BTreeSet<_>>(), mutants);
    let catches: BTreeSet<Invariant> = page.into_values().flatten().collect();
    assert_eq!(catches, Invariant::ALL.iter().copied().collect());
}

/// Which invariants break under a mutant, and in how many of the scenarios that were tried: until all of these have.
fn caught(mutant: Mutant, wanted: &BTreeSet<Invariant>) -> BTreeMap<Invariant, u32> {
    let mut caught: BTreeMap<Invariant, u32> = BTreeMap::new();
    for number in 0..RUNS {
        let mut scenario = chaos::read(&chaos::plan(number));
        scenario.cluster.config.broken = Broken::by(mutant);
        // What is broken may go to pieces in other ways too.
        let Ok(outcome) = catch_unwind(|| chaos::check(scenario)) else { continue };
        for violation in outcome.violations {
            *caught.entry(violation.invariant).or_default() += 1;
        }
        let all = wanted.iter().all(|invariant| caught.contains_key(invariant));
        if all && (number >= LOOK || !wanted.is_empty()) {
            break;
        }
    }
    caught
}

/// The table of `docs/invariants.md`: mutant, and the checkers that catch it.
fn page() -> BTreeMap<String, BTreeSet<Invariant>> {
    let page = repository::text(Path::new("docs/invariants.md"));
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
