//! How fast the model is on one thread: the event queue alone, whole runs at several sizes, an outage, short runs as a
//! sweep makes them, and what looking on costs.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use inflight_benches::{Timers, one_record_a_batch, outage, pipeline, short};
use sim_core::kernel::{Run, names_of};
use sim_core::scenario::Scenario;
use sim_core::trace::{Hasher, Observer, Recorder, Unobserved};

fn kernel(c: &mut Criterion) {
    const EVENTS: u64 = 100_000;
    let mut group = c.benchmark_group("kernel");
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function("1000 timers pending", |b| {
        let mut timers = Timers::pending();
        b.iter(|| timers.take(EVENTS));
    });
    group.finish();
}

/// Elements are the events taken from the queue.
fn events(c: &mut Criterion) {
    let scenario = Arc::new(one_record_a_batch(100_000));
    let mut group = c.benchmark_group("events");
    group.sample_size(10).throughput(Throughput::Elements(run(&scenario, Unobserved)));
    group.bench_function("one record a batch", |b| b.iter(|| black_box(run(&scenario, Unobserved))));
    group.finish();
}

fn pipelines(c: &mut Criterion) {
    let mut group = c.benchmark_group("pipeline");
    group.sample_size(10);
    for records in [10_000, 100_000, 1_000_000, 10_000_000] {
        let scenario = Arc::new(pipeline(records));
        group.throughput(Throughput::Elements(records.into()));
        group.bench_with_input(BenchmarkId::new("records", records), &scenario, |b, scenario| {
            b.iter(|| black_box(run(scenario, Unobserved)));
        });
    }
    group.finish();
}

fn outages(c: &mut Criterion) {
    let scenario = Arc::new(outage());
    c.bench_function("outage of 10 s", |b| b.iter(|| black_box(run(&scenario, Unobserved))));
}

fn short_runs(c: &mut Criterion) {
    let base = short();
    let scenarios: Vec<Arc<Scenario>> =
        (1..=100).map(|seed| Arc::new(Scenario { seed, ..base.clone() })).collect();
    let mut group = c.benchmark_group("short");
    group.throughput(Throughput::Elements(scenarios.len() as u64));
    group.bench_function("20 records, two faults", |b| {
        b.iter(|| scenarios.iter().map(|scenario| run(scenario, Unobserved)).sum::<u64>());
    });
    group.finish();
}

/// `pipeline` at 100,000 records: unobserved, hashed, and kept whole.
fn traces(c: &mut Criterion) {
    const RECORDS: u32 = 100_000;
    let scenario = Arc::new(pipeline(RECORDS));
    let hasher = Hasher::new(&names_of(&scenario));
    let mut group = c.benchmark_group("trace");
    group.sample_size(10).throughput(Throughput::Elements(RECORDS.into()));
    group.bench_function("off", |b| b.iter(|| black_box(run(&scenario, Unobserved))));
    group.bench_function("hash", |b| b.iter(|| black_box(run(&scenario, hasher.clone()))));
    group.bench_function("all kept", |b| b.iter(|| black_box(run(&scenario, Recorder::all()))));
    group.finish();
}

/// Runs to the end; the number of events taken from the queue.
fn run<O: Observer>(scenario: &Arc<Scenario>, observer: O) -> u64 {
    let names = Arc::new(names_of(scenario));
    let mut run = Run::new(Arc::clone(scenario), names, observer);
    run.run();
    run.tally().steps
}

criterion_group!(model, kernel, events, pipelines, outages, short_runs, traces);
criterion_main!(model);
