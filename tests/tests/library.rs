//! The library keeps what it promises: every scenario and every twin, with twenty seeds.

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use inflight_tests::library::{self, Entry};
use sim_core::scenario::expect::{Mismatch, TraceExpectations, check, check_refusal};
use sim_core::verdict::CauseIndex;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=20;

#[test]
fn every_scenario_and_twin_is_as_expected_with_twenty_seeds() {
    hold(&library::entries());
}

/// Small files, each for one rule of the reference that no story of the library needs.
#[test]
fn every_rule_scenario_is_as_expected_with_twenty_seeds() {
    hold(&library::entries_below("tests/scenarios/rules"));
}

fn hold(entries: &[Entry]) {
    assert!(!entries.is_empty(), "there is nothing to hold");
    let next = AtomicUsize::new(0);
    let worker =
        || iter::from_fn(|| entries.get(next.fetch_add(1, Ordering::Relaxed))).flat_map(broken).collect();
    let broken: Vec<String> = thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| -> Vec<String> { worker.join().expect("a worker ends") })
            .collect()
    });
    assert!(broken.is_empty(), "{} expectations do not hold:\n{}", broken.len(), broken.join("\n"));
}

/// The expectations of this scenario or twin that do not hold, with the seeds.
fn broken(entry: &Entry) -> Vec<String> {
    let mut broken = Vec::new();
    for seed in SEEDS {
        for Mismatch { what, expected, got } in mismatches(entry, seed) {
            broken.push(format!("{entry} --seed {seed}: {what}: expected {expected}, got {got}"));
        }
    }
    broken
}

/// What is not as the scenario expects.
fn mismatches(entry: &Entry, seed: u64) -> Vec<Mismatch> {
    let loaded = entry.load(Some(seed));
    if let Some(exception) = entry.refusal {
        return check_refusal(exception, loaded.as_ref().err()).into_iter().collect();
    }
    let scenario = loaded.unwrap_or_else(|errors| panic!("{entry}: {errors}"));
    let expect = scenario.expect.clone();
    let observers = (CauseIndex::default(), TraceExpectations::of(&expect));
    let finished = library::finish(scenario, observers);
    let (causes, seen) = &finished.observer;
    let result = finished.result(&finished.verdict(), Some(causes), None, true);
    let result = serde_json::to_value(&result).expect("a result is JSON");
    check(&expect, &result, seen.as_ref())
}
