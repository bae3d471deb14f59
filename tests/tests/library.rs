//! The library keeps what it promises: every scenario and every twin, with twenty seeds.

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
    let mut broken = Vec::new();
    for entry in entries {
        for seed in SEEDS {
            for Mismatch { what, expected, got } in mismatches(entry, seed) {
                broken.push(format!("{entry} --seed {seed}: {what}: expected {expected}, got {got}"));
            }
        }
    }
    assert!(broken.is_empty(), "{} expectations do not hold:\n{}", broken.len(), broken.join("\n"));
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
