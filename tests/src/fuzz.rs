//! What the fuzzers run, and the bounded runs of the same inside the tests: one function a target, bytes in.

mod plan;

use std::sync::Arc;

use arbitrary::{Arbitrary, Unstructured};
use sim_core::invariant::{Feed, Invariants};
use sim_core::kernel::{Run, names_of};
use sim_core::scenario::{Listing, Overrides, Scenario, Source, properties_named};
use sim_core::trace::Hasher;
use sim_core::verdict::Told;

pub use plan::Plan;

/// Events that a small scenario never needs: one that takes more does not end.
const STEPS: u32 = 2_000_000;

/// The scenario reader: whatever the bytes, it gives a scenario or says what is wrong and where; and the same again.
///
/// # Panics
/// If it does anything else.
pub fn parser(bytes: &[u8]) {
    let source = Source { name: "fuzzed.toml".to_owned(), bytes: bytes.to_vec(), ..Source::default() };
    properties_named(bytes);
    let listing = Listing::read(&source);
    match Scenario::load(&source, &Overrides::default()) {
        Ok(loaded) => {
            assert!(listing.is_ok(), "it can be run but not listed: {listing:?}");
            let again = Scenario::load(&source, &Overrides::default()).expect("it was read once");
            assert_eq!(loaded.scenario, again.scenario);
        }
        Err(errors) => {
            assert!(!errors.errors.is_empty(), "refused without a reason");
            for error in &errors.errors {
                assert!(error.line >= 1 && error.column >= 1, "{error}");
                assert!(!error.message.is_empty(), "an error without words");
            }
            assert!(!errors.to_string().is_empty());
        }
    }
}

/// A whole small scenario: it is read, it ends, every record has one outcome, no promise is broken, every invariant holds, and a second run is
/// the same.
///
/// # Panics
/// With the scenario, if any of that does not hold.
pub fn scenario(bytes: &[u8]) {
    let Ok(plan) = Plan::arbitrary(&mut Unstructured::new(bytes)) else { return };
    play(&plan);
}

fn play(plan: &Plan) {
    let text = plan.to_string();
    let loaded = Scenario::load(&Source::new("fuzzed.toml", &text), &Overrides::default());
    let scenario = loaded.unwrap_or_else(|errors| panic!("a plan is a scenario\n{text}\n{errors}")).scenario;
    let scenario = Arc::new(scenario);
    let names = Arc::new(names_of(&scenario));
    let observers = (Feed::on(), Hasher::new(&names));
    let mut run = Run::new(Arc::clone(&scenario), Arc::clone(&names), observers);
    let mut invariants = Invariants::new(&run);
    let mut steps = 0;
    while run.step() {
        invariants.after_step(&mut run);
        steps += 1;
        assert!(steps < STEPS, "no end at {}\n{text}", run.now());
    }
    invariants.after_step(&mut run);
    invariants.at_end(&run);
    assert!(invariants.violations().is_empty(), "{:#?}\n{text}", invariants.violations());
    let finished = run.finish();
    let lines: Vec<_> = finished.ledger.lines().collect();
    assert!(lines.len() as u32 <= plan.records(), "more records than were to be sent\n{text}");
    let pending = lines.iter().filter(|line| line.told == Told::Pending).count();
    assert!(
        pending == 0 || finished.counters.ended_by == "stop" || plan.kills(),
        "{pending} pending\n{text}"
    );
    let verdict = finished.verdict();
    let result = finished.result(&verdict, None, None, true);
    let broken: Vec<_> = result.findings.iter().filter(|finding| !finding.allowed).collect();
    assert!(broken.is_empty(), "not allowed: {broken:?}\n{text}");
    let again = Run::new(scenario, Arc::clone(&names), Hasher::new(&names)).finish();
    assert_eq!(finished.observer.1.value(), again.observer.value(), "a second run is another\n{text}");
}
