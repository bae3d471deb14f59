//! `inflight run`: one run, told.

use crate::args::{Format, Lang, RunArgs};
use crate::engine;
use crate::error::{CliError, Ending};
use crate::output::print_json;
use crate::story::{Highlights, Story};
use crate::trace::TraceFile;

pub(crate) fn run(lang: Lang, args: &RunArgs) -> Result<Ending, CliError> {
    let loaded = engine::load(&args.chosen)?;
    let scenario = &loaded.scenario;
    let trace = args.trace.as_deref().map(TraceFile::create).transpose()?;
    match args.format {
        Format::Json => {
            let mut played = engine::play(scenario, trace);
            finish(played.observer_mut())?;
            print_json(&played.result(args.full))?;
        }
        Format::Text => {
            let mut played = engine::play(scenario, (Highlights::of(scenario), trace));
            finish(&mut played.observer_mut().1)?;
            let verbose = args.verbose || args.full;
            Story { lang, chosen: &args.chosen, loaded: &loaded, played: &played, verbose }.tell().print()?;
        }
    }
    Ok(Ending::Done)
}

/// Completes the trace file, if one was asked for.
fn finish(trace: &mut Option<TraceFile>) -> Result<(), CliError> {
    trace.take().map_or(Ok(()), TraceFile::finish)
}
