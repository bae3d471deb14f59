//! `inflight run`: one run, told.

use std::io::Write;

use sim_core::invariant::Violation;

use crate::args::{Format, Lang, RunArgs};
use crate::engine::{self, Invariants};
use crate::error::{CliError, Ending};
use crate::output::{BAD, paint, print_json};
use crate::story::{Highlights, Story};
use crate::trace::TraceFile;

pub(crate) fn run(lang: Lang, args: &RunArgs) -> Result<Ending, CliError> {
    let loaded = engine::load(&args.chosen)?;
    let scenario = &loaded.scenario;
    let invariants = Invariants::from(args.check_invariants);
    let trace = args.trace.as_deref().map(TraceFile::create).transpose()?;
    match args.format {
        Format::Json => {
            let mut played = engine::play(scenario, trace, invariants);
            finish(played.observer_mut())?;
            print_json(&played.result(args.full))?;
            told(&played.violations)
        }
        Format::Text => {
            let mut played = engine::play(scenario, (Highlights::of(scenario), trace), invariants);
            finish(&mut played.observer_mut().1)?;
            let verbose = args.verbose || args.full;
            Story { lang, chosen: &args.chosen, loaded: &loaded, played: &played, verbose }.tell().print()?;
            told(&played.violations)
        }
    }
}

/// Says which invariants did not hold.
fn told(violations: &[Violation]) -> Result<Ending, CliError> {
    for violation in violations {
        writeln!(anstream::stderr(), "{}: {violation}", paint(BAD, "error"))?;
    }
    Ok(if violations.is_empty() { Ending::Done } else { Ending::Unmet })
}

/// Completes the trace file, if one was asked for.
fn finish(trace: &mut Option<TraceFile>) -> Result<(), CliError> {
    trace.take().map_or(Ok(()), TraceFile::finish)
}
