//! One scenario, one trace: the same hash in a debug build, in a release build and in wasm under Node; run twice; and
//! from a clone taken at any event.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use inflight_tests::hashes::Case;
use inflight_tests::library::{self, Entry};
use inflight_tests::{build, repository};
use sim_core::chance::{Chance, Script, Scripted, Seeded, Stream};
use sim_core::kernel::{Run, names_of};
use sim_core::record::ProducerIx;
use sim_core::scenario::{Overrides, Scenario, Source};
use sim_core::trace::{Hasher, Unobserved};
use sim_core::verdict::Line;
use wasm_bindgen_cli_support::Bindgen;

const MILLION_DRAWS: &str = "tests/scenarios/million-draws.toml";

#[test]
fn debug_release_and_wasm_give_the_same_hashes() {
    let cases = cases();
    let input = serde_json::to_string(&cases).expect("runs are JSON");
    let debug: Vec<String> = cases.iter().map(Case::hash).collect();
    let release = hashes(&build::output(&release_program(), &[], &input));
    let script = repository::root().join("tests/wasm/run-hashes.cjs");
    let wasm = hashes(&build::output(Path::new("node"), &[&script, &wasm_module()], &input));
    assert_eq!((release.len(), wasm.len()), (cases.len(), cases.len()));
    let mut apart = Vec::new();
    for (((case, debug), release), wasm) in cases.iter().zip(&debug).zip(&release).zip(&wasm) {
        if debug != release || debug != wasm {
            let Case { name, twin, .. } = case;
            apart.push(format!("{name} {twin:?}: debug {debug}, release {release}, wasm {wasm}"));
        }
    }
    assert!(apart.is_empty(), "{} of {} differ:\n{}", apart.len(), cases.len(), apart.join("\n"));
}

/// What a run does may change, but never unnoticed.
#[test]
fn the_runs_of_the_library_are_those_that_were_looked_at() {
    let listed: Vec<String> = cases().iter().map(|case| format!("{}  {case}", case.hash())).collect();
    insta::assert_snapshot!(listed.join("\n"));
}

/// What the test above is to hold for: one of its runs draws over a million times.
#[test]
fn one_of_the_runs_draws_over_a_million_times() {
    let scenario = own(MILLION_DRAWS);
    let drawn = Arc::new(AtomicU64::new(0));
    let chance = Counting { inner: Seeded::new(scenario.seed), drawn: Arc::clone(&drawn) };
    let names = Arc::new(names_of(&scenario));
    let finished = Run::with_chance(Arc::new(scenario), names, Unobserved, Box::new(chance)).finish();
    assert_eq!(finished.counters.ended_by, "settled");
    let drawn = drawn.load(Ordering::Relaxed);
    assert!(drawn > 1_000_000, "{drawn} draws");
}

#[test]
fn a_run_again_is_the_same_run() {
    for entry in runnable() {
        let case = Case::of(&entry);
        assert_eq!(case.hash(), case.hash(), "{entry}");
    }
}

#[test]
fn another_seed_is_another_run() {
    let seeded = |seed| Case { seed: Some(seed), ..Case::of(&entry("lost-ack-duplicates")) }.hash();
    assert_ne!(seeded(1), seeded(2));
}

/// A broker dies and comes back while a producer retries: a clone at each event ends as the run itself did.
#[test]
fn a_clone_at_any_event_ends_as_the_run_does() {
    let scenario = read("clones", CLONES);
    let whole = hashed(scenario.clone()).finish();
    let (end, told): (u64, Vec<Line>) = (whole.observer.value(), whole.ledger.lines().collect());
    let mut run = hashed(scenario);
    let mut clones = 0;
    loop {
        let clone = run.clone().finish();
        assert_eq!(clone.observer.value(), end, "cloned after {clones} events, at {}", run.now());
        assert!(
            clone.ledger.lines().eq(told.iter().copied()),
            "cloned after {clones} events, at {}",
            run.now()
        );
        clones += 1;
        if !run.step() {
            break;
        }
    }
    assert!(clones > 500, "only {clones} events");
}

/// Scripted choices drive a run: the sticky partition (`producer.md 2.2`: the number drawn, modulo the partitions) is
/// what the script says, whichever it is.
#[test]
fn scripted_choices_drive_a_run() {
    for partition in 0..4 {
        let scenario = read("scripted", KEYLESS);
        let chance =
            Scripted::new().with("/sticky", Script::Always(partition)).with("jitter", Script::Middle);
        let names = Arc::new(names_of(&scenario));
        let finished = Run::with_chance(Arc::new(scenario), names, Unobserved, Box::new(chance)).finish();
        let written: Vec<u64> = finished.logs.iter().map(|log| log.log_end_offset as u64).collect();
        let wanted: Vec<u64> = (0..4).map(|at| if at == partition { 10 } else { 0 }).collect();
        assert_eq!(written, wanted);
        assert_eq!(finished.ledger.sent_by(ProducerIx(0)), 10);
    }
}

/// Few records, but retries, an election, a restart and a consumer: a thousand events or so.
const CLONES: &str = r#"
profile = "kafka-4.1"
[cluster]
config = { "broker.session.timeout.ms" = 1000, "broker.heartbeat.interval.ms" = 300, "replica.lag.time.max.ms" = 800 }
[[topics]]
name = "orders"
partitions = 2
config = { "min.insync.replicas" = 2 }
[network]
latency = { distribution = "lognormal", median = "1ms", p99 = "8ms" }
[[producers]]
id = "shop"
config = { "request.timeout.ms" = 500, "delivery.timeout.ms" = 20000 }
[[producers.sends]]
topic = "orders"
count = 12
every = "150ms"
key = "{i}"
value = { bytes = 50 }
[[consumers]]
id = "audit"
topics = ["orders"]
[[faults]]
at = "400ms"
do = { crash = "leader of orders-0", for = "1500ms" }
[[faults]]
on = { event = "produce-response", nth = 2 }
do = { lose = "it" }
"#;

const KEYLESS: &str = r#"
profile = "kafka-4.1"
[[topics]]
name = "orders"
partitions = 4
[[producers]]
id = "shop"
start = "warm"
[[producers.sends]]
topic = "orders"
count = 10
value = { bytes = 50 }
"#;

/// Draws as `inner` does, and counts.
#[derive(Clone)]
struct Counting {
    inner: Seeded,
    drawn: Arc<AtomicU64>,
}

impl Counting {
    fn counted(&mut self) -> &mut Seeded {
        self.drawn.fetch_add(1, Ordering::Relaxed);
        &mut self.inner
    }
}

impl Chance for Counting {
    fn stream(&mut self, name: fmt::Arguments<'_>) -> Stream {
        self.inner.stream(name)
    }

    fn bits(&mut self, stream: Stream) -> u32 {
        self.counted().bits(stream)
    }

    fn fraction(&mut self, stream: Stream) -> f64 {
        self.counted().fraction(stream)
    }

    fn below(&mut self, stream: Stream, n: u64) -> u64 {
        self.counted().below(stream, n)
    }

    fn boxed_clone(&self) -> Box<dyn Chance> {
        Box::new(self.clone())
    }
}

/// Every scenario of the library with its twins, and the run of over a million draws.
fn cases() -> Vec<Case> {
    let own = Entry::all_of(PathBuf::from(MILLION_DRAWS));
    runnable().iter().chain(&own).map(Case::of).collect()
}

/// The library without the twins that are to be refused.
fn runnable() -> Vec<Entry> {
    let entries: Vec<Entry> =
        library::entries().into_iter().filter(|entry| entry.refusal.is_none()).collect();
    assert!(entries.len() >= 30, "the library is nearly empty");
    entries
}

fn entry(name: &str) -> Entry {
    let is_it = |entry: &Entry| entry.file.file_stem().is_some_and(|stem| stem == name);
    library::entries().into_iter().find(is_it).unwrap_or_else(|| panic!("there is no scenario {name}"))
}

fn own(file: &str) -> Scenario {
    let entries = Entry::all_of(PathBuf::from(file));
    entries[0].load(None).unwrap_or_else(|errors| panic!("{errors}"))
}

fn read(name: &str, text: &str) -> Scenario {
    let loaded = Scenario::load(&Source::new(name, text), &Overrides::default());
    loaded.unwrap_or_else(|errors| panic!("{errors}")).scenario
}

fn hashed(scenario: Scenario) -> Run<Hasher> {
    let hasher = Hasher::new(&names_of(&scenario));
    library::start(scenario, hasher)
}

fn hashes(output: &str) -> Vec<String> {
    serde_json::from_str(output).expect("a list of hashes")
}

/// With the command's package, as `./test` has built both: the same features, so nothing is compiled again.
fn release_program() -> PathBuf {
    build::release(&["--package", "sim-cli", "--package", "inflight-tests", "--bin", "run-hashes"])
        .join("release/run-hashes")
}

/// The wasm build as a module for Node, made by the library that `wasm-bindgen`'s command is.
fn wasm_module() -> PathBuf {
    let target = build::release(&["--package", "sim-web", "--target", "wasm32-unknown-unknown"]);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node");
    fs::create_dir_all(&folder).expect("a folder for the module");
    let mut bindgen = Bindgen::new();
    bindgen.input_path(target.join("wasm32-unknown-unknown/release/sim_web.wasm"));
    bindgen.nodejs(true).expect("a module for Node").typescript(false);
    bindgen.generate(&folder).expect("the module is written");
    folder.join("sim_web.js")
}
