//! `inflight bench`: how fast this machine simulates, in a few seconds. One thread; nothing traced but where it says so.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use inflight_benches::{Timers, one_record_a_batch, outage, pipeline, short};
use serde::Serialize;
use sim_core::kernel::{Run, names_of};
use sim_core::scenario::Scenario;
use sim_core::trace::{Hasher, Observer, Recorder, Unobserved};

use crate::args::{BenchArgs, Format};
use crate::error::{CliError, Ending};
use crate::numbers::grouped;
use crate::output::{DIM, Page, pad, pad_left, paint, print_json};

/// How many records the batched pipeline is run with; `--quick` ends with the second.
const SIZES: [u32; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
/// How many records are traced.
const TRACED: u32 = 100_000;

/// What was measured; `null` where it cannot be.
#[derive(Debug, Serialize)]
struct Measured {
    /// The event queue alone, 1,000 timers pending.
    kernel_events_per_s: u64,
    /// Events taken from the queue in a whole run with one record a batch.
    model_events_per_s: u64,
    /// The batched pipeline at the largest size.
    records_per_s: u64,
    /// The same at every size.
    pipeline: Vec<Pipeline>,
    /// The same at 100,000 records with the trace hashed.
    hashed_records_per_s: u64,
    /// The same with the whole trace kept in memory.
    traced_records_per_s: u64,
    outage_ms: f64,
    short_runs_per_s: u64,
    /// The most memory that this process held up to the end of the largest pipeline.
    peak_mib: Option<u64>,
}

/// The batched pipeline at one size.
#[derive(Debug, Serialize)]
struct Pipeline {
    records: u32,
    records_per_s: u64,
    /// The most memory that this process has held so far.
    peak_mib: Option<u64>,
}

pub(crate) fn bench(args: &BenchArgs) -> Result<Ending, CliError> {
    let sizes = if args.quick { &SIZES[..2] } else { &SIZES[..] };
    // The sizes first, ascending: what each of them needs at the highest is what the process has needed so far.
    let pipeline: Vec<Pipeline> = sizes.iter().map(|&records| at_size(records)).collect();
    let largest = pipeline.last();
    let measured = Measured {
        records_per_s: largest.map_or(0, |largest| largest.records_per_s),
        peak_mib: largest.and_then(|largest| largest.peak_mib),
        pipeline,
        kernel_events_per_s: kernel(),
        model_events_per_s: events(if args.quick { 50_000 } else { 500_000 }),
        hashed_records_per_s: records_per_s(TRACED, |scenario| Hasher::new(&names_of(scenario))),
        traced_records_per_s: records_per_s(TRACED, |_| Recorder::all()),
        outage_ms: outage_ms(),
        short_runs_per_s: short_runs(),
    };
    match args.format {
        Format::Json => print_json(&measured)?,
        Format::Text => table(&measured).print()?,
    }
    Ok(Ending::Done)
}

fn at_size(records: u32) -> Pipeline {
    let records_per_s = records_per_s(records, |_| Unobserved);
    Pipeline { records, records_per_s, peak_mib: peak_mib() }
}

fn kernel() -> u64 {
    const EVENTS: u64 = 5_000_000;
    let mut timers = Timers::pending();
    let begun = Instant::now();
    timers.take(EVENTS);
    per_second(EVENTS, begun.elapsed())
}

fn events(records: u32) -> u64 {
    let mut run = start(one_record_a_batch(records), |_| Unobserved);
    let begun = Instant::now();
    run.run();
    per_second(run.tally().steps, begun.elapsed())
}

/// The batched pipeline. A run of a few milliseconds says little: small ones are done again until a tenth of a second is
/// over.
fn records_per_s<O: Observer>(records: u32, observer: impl Fn(&Scenario) -> O) -> u64 {
    let (mut done, mut took) = (0, Duration::ZERO);
    while took < Duration::from_millis(100) {
        let mut run = start(pipeline(records), &observer);
        let begun = Instant::now();
        run.run();
        took += begun.elapsed();
        done += run.ledger().len();
    }
    per_second(done, took)
}

/// Milliseconds for a run with ten seconds without a leader.
fn outage_ms() -> f64 {
    let mut run = start(outage(), |_| Unobserved);
    let begun = Instant::now();
    run.run();
    (begun.elapsed().as_secs_f64() * 1e6).round() / 1e3
}

/// Short runs a second, each with another seed, set up and judged.
fn short_runs() -> u64 {
    let scenario = short();
    let names = Arc::new(names_of(&scenario));
    let scenarios: Vec<Arc<Scenario>> =
        (1..=100).map(|seed| Arc::new(Scenario { seed, ..scenario.clone() })).collect();
    let begun = Instant::now();
    let mut runs = 0;
    while begun.elapsed() < Duration::from_secs(1) {
        for scenario in &scenarios {
            let finished = Run::new(Arc::clone(scenario), Arc::clone(&names), Unobserved).finish();
            std::hint::black_box(finished.verdict());
            runs += 1;
        }
    }
    per_second(runs, begun.elapsed())
}

fn start<O: Observer>(scenario: Scenario, observer: impl FnOnce(&Scenario) -> O) -> Run<O> {
    let (names, observer) = (Arc::new(names_of(&scenario)), observer(&scenario));
    Run::new(Arc::new(scenario), names, observer)
}

fn per_second(count: u64, took: Duration) -> u64 {
    (count as f64 / took.as_secs_f64().max(1e-9)).round() as u64
}

/// The most memory that this process has held, where the system tells.
fn peak_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib.div_ceil(1024))
}

fn table(measured: &Measured) -> Page {
    let mut page = Page::default();
    let mut row = |name: &str, value: String, what: &str| {
        page.line(format!("{}{}  {}", pad(name, 10), pad_left(&value, 14), paint(DIM, what)));
    };
    row("kernel", grouped(measured.kernel_events_per_s), "events/s, the queue alone, 1,000 timers pending");
    let what = "events/s taken from the queue: 3 brokers, acks=all, one record a batch";
    row("events", grouped(measured.model_events_per_s), what);
    for (at, size) in measured.pipeline.iter().enumerate() {
        let peak = size.peak_mib.map_or_else(|| "-".to_owned(), grouped);
        let what =
            format!("records/s, the same batched, {} records, {peak} MiB", grouped(size.records.into()));
        row(if at == 0 { "pipeline" } else { "" }, grouped(size.records_per_s), &what);
    }
    row("trace", grouped(measured.hashed_records_per_s), "records/s, 100,000 records, every event hashed");
    row("", grouped(measured.traced_records_per_s), "records/s, every event kept");
    row("outage", format!("{:.3}", measured.outage_ms), "ms for a run with 10 s without a leader");
    row("short", grouped(measured.short_runs_per_s), "runs/s of 20 records and two faults, judged");
    page
}
