//! Random scenarios by the hundred thousand, with every invariant held against each.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use clap::Parser;
use inflight_tests::chaos;

/// Runs random small clusters under random faults and checks every invariant after every event.
///
/// Each scenario has a number; the same number is the same scenario on every machine. The exit status is 1 if anything
/// did not hold; the scenarios are printed then, as files that `inflight run --check-invariants FILE` runs.
#[derive(Parser)]
#[command(name = "chaos")]
struct Arguments {
    /// The first number.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many scenarios.
    #[arg(long, default_value_t = 100_000)]
    runs: u64,
    /// Stop after so many that fail.
    #[arg(long, default_value_t = 3)]
    failures: usize,
    /// Print the scenario of the first number, and do not run it.
    #[arg(long)]
    show: bool,
    /// Print every event of the scenario of the first number.
    #[arg(long)]
    trace: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.show {
        print!("{}", chaos::plan(arguments.from));
        return ExitCode::SUCCESS;
    }
    if arguments.trace {
        print!("{}", chaos::trace(arguments.from));
        return ExitCode::SUCCESS;
    }
    chaos::panics_name_their_scenario();
    let (next, done) = (AtomicU64::new(arguments.from), AtomicU64::new(0));
    let failed = Mutex::new(Vec::new());
    let end = arguments.from.saturating_add(arguments.runs);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let enough = failed.lock().is_ok_and(|failed| failed.len() >= arguments.failures);
                    if number >= end || enough {
                        return;
                    }
                    let failure = chaos::failure(number);
                    done.fetch_add(1, Ordering::Relaxed);
                    if let (Some(failure), Ok(mut failed)) = (failure, failed.lock()) {
                        failed.push(failure);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    for failure in &failed {
        println!("{failure}");
    }
    println!("{} random scenarios, {} failed", done.into_inner(), failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
