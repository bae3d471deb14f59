//! One of the measured scenarios, run once: what a profiler looks at.

use std::process::ExitCode;
use std::sync::Arc;

use inflight_benches::{cluster, one_record_a_batch, outage, pipeline, short};
use sim_core::kernel::{Run, names_of};
use sim_core::scenario::Scenario;
use sim_core::trace::Unobserved;

const USAGE: &str =
    "usage: once events RECORDS | pipeline RECORDS | outage | short RUNS | cluster BROKERS PARTITIONS";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let what = args.next();
    let counts: Vec<u32> = args.map_while(|count| count.parse().ok()).collect();
    let (scenario, runs) = match (what.as_deref(), &counts[..]) {
        (Some("events"), &[records]) => (one_record_a_batch(records), 1),
        (Some("pipeline"), &[records]) => (pipeline(records), 1),
        (Some("outage"), []) => (outage(), 1),
        (Some("short"), &[runs]) => (short(), runs),
        (Some("cluster"), &[brokers, partitions]) => (cluster(brokers, partitions), 1),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let names = Arc::new(names_of(&scenario));
    let mut events = 0;
    for seed in 1..=u64::from(runs) {
        let seeded = Arc::new(Scenario { seed, ..scenario.clone() });
        let mut run = Run::new(seeded, Arc::clone(&names), Unobserved);
        run.run();
        events += run.tally().steps;
    }
    println!("{events} events taken from the queue");
    ExitCode::SUCCESS
}
