//! Random clusters under random faults: every invariant of the reference holds at every event. `./test` runs a hundred
//! thousand of them with the release build; here is a share that every `cargo test` runs.

use inflight_tests::{chaos, library};

const RUNS: u64 = 1_500;

#[test]
fn no_random_scenario_breaks_an_invariant() {
    chaos::panics_name_their_scenario();
    let failed: Vec<String> = (0..RUNS).filter_map(chaos::failure).collect();
    assert!(failed.is_empty(), "{} of {RUNS} scenarios:\n{}", failed.len(), failed.join("\n\n"));
}

/// Plans that have broken an invariant once, each with the seed that did; and the small files, each for a rule.
#[test]
fn what_once_broke_an_invariant_holds() {
    for folder in ["tests/scenarios/plans", "tests/scenarios/rules"] {
        let entries = library::entries_below(folder);
        assert!(!entries.is_empty(), "{folder} has files");
        for entry in entries.iter().filter(|entry| entry.refusal.is_none()) {
            let scenario = entry.load(None).unwrap_or_else(|errors| panic!("{entry}: {errors}"));
            let outcome = chaos::check(scenario);
            assert!(outcome.is_good(), "{entry}: {:?} {:?}", outcome.violations, outcome.forbidden);
        }
    }
}

/// The generator reaches what it is there for.
#[test]
fn the_scenarios_are_eventful() {
    let texts: Vec<String> = (0..600).map(chaos::plan).collect();
    let parts = [
        "crash = { rate",
        "power = { rate",
        "pause = { rate",
        "cut = { rate",
        "lose-request",
        "lose-response",
        "reset",
        "delay",
        "max-down",
        "unclean.leader.election.enable",
        "eligible.leader.replicas.version\" = 1",
        "shutdown",
        "fence",
        "controller",
        "[[consumers]]",
        "kafka-1.",
        "client.rack",
        "\"acks\" = \"1\"",
        "\"enable.idempotence\" = false",
    ];
    for part in parts {
        assert!(texts.iter().filter(|text| text.contains(part)).count() > 5, "{part}");
    }
    let events: u64 = texts.iter().take(30).map(|text| chaos::check(chaos::read(text)).events).sum();
    assert!(events > 30 * 300, "{events} events in thirty scenarios");
}
