//! `inflight bench`: how fast this machine simulates, in a few seconds. One thread, nothing traced.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use sim_core::kernel::{Queue, Run, names_of};
use sim_core::scenario::{Overrides, Scenario, Source};
use sim_core::time::Time;
use sim_core::trace::Unobserved;

use crate::args::{BenchArgs, Format};
use crate::engine;
use crate::error::{CliError, Ending};
use crate::numbers::grouped;
use crate::output::{DIM, Page, pad, pad_left, paint, print_json};

/// Three brokers, acks=all, 100-byte values in batches.
const PIPELINE: &str = r#"
profile = "kafka-4.1"
[[topics]]
name = "orders"
partitions = 6
config = { "min.insync.replicas" = 2 }
[[producers]]
id = "shop"
start = "warm"
[[producers.sends]]
topic = "orders"
count = 1000000
rate = "200000/s"
value = { bytes = 100 }
"#;

/// The only replica is down for ten seconds, while records go on coming.
const OUTAGE: &str = r#"
profile = "kafka-4.1"
[[topics]]
name = "orders"
replication-factor = 1
[[producers]]
id = "shop"
start = "warm"
[[producers.sends]]
topic = "orders"
count = 1200
every = "10ms"
value = { bytes = 100 }
[[faults]]
at = "1s"
do = { crash = 0, for = "10s" }
"#;

/// Twenty records and two faults.
const SHORT: &str = r#"
profile = "kafka-4.1"
[network]
latency = { distribution = "lognormal", median = "1ms", p99 = "8ms" }
[[topics]]
name = "orders"
config = { "min.insync.replicas" = 2 }
[[producers]]
id = "shop"
start = "warm"
config = { "enable.idempotence" = false, "request.timeout.ms" = 1000 }
[[producers.sends]]
topic = "orders"
count = 20
every = "10ms"
value = { bytes = 100 }
[[faults]]
on = { event = "produce-response", nth = 2 }
do = { lose = "it" }
[[faults]]
on = { event = "produce-request", nth = 5 }
do = { delay = "it", by = "50ms" }
"#;

/// What was measured; `null` where it cannot be.
#[derive(Debug, Serialize)]
struct Measured {
    kernel_events_per_s: u64,
    model_events_per_s: u64,
    records_per_s: u64,
    outage_ms: f64,
    short_runs_per_s: u64,
    peak_mib: Option<u64>,
}

pub(crate) fn bench(args: &BenchArgs) -> Result<Ending, CliError> {
    let (records_per_s, model_events_per_s) = pipeline()?;
    let measured = Measured {
        kernel_events_per_s: kernel(),
        model_events_per_s,
        records_per_s,
        outage_ms: outage()?,
        short_runs_per_s: short()?,
        peak_mib: peak_mib(),
    };
    match args.format {
        Format::Json => print_json(&measured)?,
        Format::Text => table(&measured).print()?,
    }
    Ok(Ending::Done)
}

/// The event queue alone, a thousand timers pending: each one taken is set again.
fn kernel() -> u64 {
    const EVENTS: u64 = 5_000_000;
    let mut queue = Queue::default();
    let mut state = 1u64;
    let mut wait = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 44
    };
    for timer in 0..1_000u32 {
        queue.push_system(Time::from_nanos(wait()), timer);
    }
    let begun = Instant::now();
    for _ in 0..EVENTS {
        if let Some((time, timer)) = queue.pop() {
            queue.push_system(Time::from_nanos(time.nanos() + wait()), timer);
        }
    }
    std::hint::black_box(queue.len());
    per_second(EVENTS, begun.elapsed())
}

/// The whole model: records a second, and events taken from the queue a second.
fn pipeline() -> Result<(u64, u64), CliError> {
    let scenario = Arc::new(read("pipeline.toml", PIPELINE)?);
    let mut run = start(&scenario);
    let begun = Instant::now();
    run.run();
    let took = begun.elapsed();
    Ok((per_second(run.ledger().len(), took), per_second(run.tally().steps, took)))
}

/// Milliseconds for a run with ten seconds without a leader.
fn outage() -> Result<f64, CliError> {
    let scenario = Arc::new(read("outage.toml", OUTAGE)?);
    let mut run = start(&scenario);
    let begun = Instant::now();
    run.run();
    let millis = begun.elapsed().as_secs_f64() * 1e3;
    Ok((millis * 1e3).round() / 1e3)
}

/// Short runs a second, each with another seed, judged.
fn short() -> Result<u64, CliError> {
    let scenario = read("short.toml", SHORT)?;
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
    Ok(per_second(runs, begun.elapsed()))
}

fn start(scenario: &Arc<Scenario>) -> Run<Unobserved> {
    Run::new(Arc::clone(scenario), Arc::new(names_of(scenario)), Unobserved)
}

fn read(name: &str, text: &str) -> Result<Scenario, CliError> {
    Ok(engine::load_with(&Source::new(name, text), &Overrides::default())?.scenario)
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
    row("pipeline", grouped(measured.records_per_s), "records/s, 3 brokers, acks=all, 1,000,000 records");
    row("", grouped(measured.model_events_per_s), "events/s taken from the queue meanwhile");
    row("outage", format!("{:.3}", measured.outage_ms), "ms for a run with 10 s without a leader");
    row("short", grouped(measured.short_runs_per_s), "runs/s of 20 records and two faults, judged");
    let peak = measured.peak_mib.map_or_else(|| "-".to_owned(), grouped);
    row("memory", peak, "MiB at the highest");
    page
}
