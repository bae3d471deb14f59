//! The real Java client as the judge of our producer: random client scripts through both, and every difference shown,
//! shrunk to a script in which nothing can be left out.

mod client;
mod difference;
mod harness;
mod reach;
mod report;
mod shrink;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clap::Parser;

use client::{Question, RealClient};
use difference::Outcome;
use harness::Harness;
use report::Report;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a script of the generator is about; the letter is its name's first.
const CATEGORIES: [char; 20] =
    ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't'];

/// Runs client scripts through Kafka's own producer and through ours, and compares the transcripts.
///
/// The scripts are random ones drawn from a seed, as many of each category, or the files given. The exit status is 1
/// if any differ. Differences are written to target/judge: the script, both transcripts, and a shrunk script.
#[derive(Parser)]
#[command(name = "judge")]
struct Arguments {
    /// Scripts to compare in place of random ones.
    scripts: Vec<PathBuf>,
    /// Seed of the random scripts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many random scripts, shared out among the categories.
    #[arg(long, default_value_t = 20_000)]
    count: usize,
    /// Only these categories of random scripts, for example "ace".
    #[arg(long, default_value_t = String::from_iter(CATEGORIES))]
    categories: String,
    /// Release of the real client; ours runs with the profile of the same minor release.
    #[arg(long, default_value = "4.1.1")]
    kafka: String,
    /// How many JVMs run at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// How many of the differences are shrunk.
    #[arg(long, default_value_t = 3)]
    shrink: usize,
}

fn main() -> ExitCode {
    match judge(&Arguments::parse()) {
        Ok(report) => {
            println!("{report}");
            if report.all_equal() { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(failure) => {
            eprintln!("judge: {failure}");
            ExitCode::from(2)
        }
    }
}

fn judge(arguments: &Arguments) -> Result<Report, Failure> {
    let questions = questions(arguments)?;
    let harness = Harness::built(&arguments.kafka)?;
    let mut report = Report::new(&arguments.kafka, arguments.scripts.is_empty());
    let outcomes = compare_all(&harness, &questions, arguments.jobs.max(1))?;
    outcomes.into_iter().for_each(|outcome| report.add(outcome));
    if !report.differences.is_empty() {
        let folder = Harness::output_folder()?;
        let mut client = harness.start()?;
        for (nth, difference) in report.differences.iter_mut().enumerate() {
            if nth < arguments.shrink {
                difference.shrink(&mut client)?;
            }
            difference.write(&folder)?;
        }
    }
    Ok(report)
}

/// What to ask the real client: the files given, or random scripts of each category in turn.
fn questions(arguments: &Arguments) -> Result<Vec<Question>, Failure> {
    if !arguments.scripts.is_empty() {
        return arguments.scripts.iter().map(|path| read(path)).collect();
    }
    let mut categories = Vec::new();
    for letter in arguments.categories.chars() {
        let category = CATEGORIES.iter().position(|&known| known == letter);
        categories.push(category.ok_or_else(|| format!("no category {letter}; there are a to t"))?);
    }
    if categories.is_empty() {
        return Err("no category".into());
    }
    let indices = (0..).flat_map(|index| categories.iter().map(move |&category| (category, index)));
    let seed = arguments.seed;
    let draws = indices.map(|(category, index)| Question::Draw { category, seed, index });
    Ok(draws.take(arguments.count).collect())
}

fn read(path: &Path) -> Result<Question, Failure> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let script = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Question::Run(script))
}

/// Shares the questions out among JVMs; the outcomes are in the order of the questions.
fn compare_all(harness: &Harness, questions: &[Question], jobs: usize) -> Result<Vec<Outcome>, Failure> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, Outcome)>, Failure> {
        let mut client = harness.start()?;
        let ask_next = |client: &mut RealClient| -> Result<Option<usize>, Failure> {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(question) = questions.get(at) else { return Ok(None) };
            client.ask(question)?;
            Ok(Some(at))
        };
        let mut outcomes = Vec::new();
        let mut asked = ask_next(&mut client)?;
        while let Some(at) = asked {
            let answer = client.answer()?;
            // The real client works on the next one while ours runs this one.
            asked = ask_next(&mut client)?;
            outcomes.push((at, Outcome::of(answer, harness.release)?));
        }
        Ok(outcomes)
    };
    let mut outcomes = Vec::with_capacity(questions.len());
    thread::scope(|scope| -> Result<(), Failure> {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            outcomes.extend(worker.join().map_err(|_| "a worker panicked")??);
        }
        Ok(())
    })?;
    outcomes.sort_by_key(|&(at, _)| at);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}
