//! The accumulator against a closed form (the design's section 7): Poisson arrivals at rate L into one partition, N
//! records a batch, linger T from the first record, and a sender that is never the bottleneck. With X ~ Poisson(L T):
//! the mean batch B = 1 + sum over k = 1..N-1 of P(X >= k), its mean age (B - 1) / L, and a record's mean wait
//! [sum over k = 0..N-2 of (k + 1) P(X >= k + 1)] / (L B).

use std::collections::BTreeMap;
use std::path::PathBuf;

use inflight_tests::library::{self, Entry};
use sim_core::record::BatchId;
use sim_core::time::Time;
use sim_core::trace::{Event, EventKind, Recorder};

const LINGER_MS: f64 = 5.0;
const LIMIT: u32 = 16;

/// L = 1 a millisecond: batches end by linger nearly always.
#[test]
fn one_record_a_millisecond() {
    let law = Law::of(1.0);
    near(law.batch, 6.000, 0.001, "the law's own batch");
    near(law.wait, 2.916, 0.001, "the law's own wait");
    // Standard deviations over 16,700 batches: a batch sqrt(5) / sqrt(16,700) = 0.017 records, so 0.06 is 3.5 of them;
    // an age follows its batch.
    hold(0, &law, 0.06);
}

/// L = 5 a millisecond: batches end full nearly always.
#[test]
fn five_records_a_millisecond() {
    let law = Law::of(5.0);
    near(law.batch, 15.976, 0.001, "the law's own batch");
    near(law.wait, 1.498, 0.001, "the law's own wait");
    hold(1, &law, 0.06);
}

fn hold(entry: usize, law: &Law, tolerance: f64) {
    let measured = measure(entry);
    near(measured.batch, law.batch, tolerance, "records a batch");
    near(measured.age_ms, law.age_ms, tolerance, "a batch's age");
    near(measured.wait, law.wait, tolerance, "a record's wait");
}

fn near(value: f64, wanted: f64, tolerance: f64, what: &str) {
    assert!((value - wanted).abs() <= tolerance, "{what}: {value:.4}, not {wanted:.4} within {tolerance}");
}

/// Means: records of a batch, its age when it is drained, and how long its records have waited then, in milliseconds.
struct Law {
    batch: f64,
    age_ms: f64,
    wait: f64,
}

impl Law {
    fn of(rate: f64) -> Law {
        let at_least = |k: u32| 1.0 - (0..k).map(|x| poisson(rate * LINGER_MS, x)).sum::<f64>();
        let batch = 1.0 + (1..LIMIT).map(at_least).sum::<f64>();
        let waits: f64 = (0..LIMIT - 1).map(|k| f64::from(k + 1) * at_least(k + 1)).sum();
        Law { batch, age_ms: (batch - 1.0) / rate, wait: waits / (rate * batch) }
    }
}

fn poisson(mean: f64, x: u32) -> f64 {
    (1..=x).fold((-mean).exp(), |p, k| p * mean / f64::from(k))
}

/// What a run of `poisson-batching` shows: `entry` 0 is the file, 1 its twin.
fn measure(entry: usize) -> Law {
    let entries = Entry::all_of(PathBuf::from("tests/scenarios/poisson-batching.toml"));
    let scenario = entries[entry].load(None).unwrap_or_else(|errors| panic!("{errors}"));
    let recorder = Recorder::of(&[EventKind::Accumulated, EventKind::BatchDrained]);
    let events = library::finish(scenario, recorder).observer.events;
    let mut open: BTreeMap<BatchId, Vec<Time>> = BTreeMap::new();
    let (mut batches, mut records, mut ages, mut waits) = (0u32, 0u32, 0.0, 0.0);
    for (stamp, event) in events {
        match event {
            Event::Accumulated { batch, .. } => open.entry(batch).or_default().push(stamp.time),
            Event::BatchDrained { batch, .. } => {
                let arrived = open.remove(&batch).expect("nothing is retried");
                batches += 1;
                records += arrived.len() as u32;
                ages += millis(arrived[0], stamp.time);
                waits += arrived.iter().map(|&time| millis(time, stamp.time)).sum::<f64>();
            }
            _ => {}
        }
    }
    assert_eq!(records, 100_000);
    let (batches, records) = (f64::from(batches), f64::from(records));
    Law { batch: records / batches, age_ms: ages / batches, wait: waits / records }
}

fn millis(from: Time, to: Time) -> f64 {
    (to.nanos() - from.nanos()) as f64 / 1e6
}
