//! `inflight show`: a scenario file as it is, or as JSON with all that is changed in it.

use std::io::Write;

use sim_core::scenario::{Overrides, as_json};

use crate::args::{Format, ShowArgs};
use crate::engine;
use crate::error::{CliError, Ending};
use crate::library;
use crate::output::print_json;

pub(crate) fn show(args: &ShowArgs) -> Result<Ending, CliError> {
    let source = library::open(&args.chosen.scenario)?;
    let overrides = engine::overrides(&args.chosen.changes)?;
    if overrides.producer_properties.is_some() {
        return Err(CliError::input(
            "--producer-config is for runs; write the properties as --set KEY=VALUE",
        ));
    }
    match args.format {
        Format::Json => {
            let tree = as_json(&source, &overrides).map_err(|errors| CliError::input(errors.to_string()))?;
            print_json(&tree)?;
        }
        Format::Text if overrides != Overrides::default() => {
            let advice = "the file is printed as it is; add --format json to see what is changed in it";
            return Err(CliError::input(advice));
        }
        Format::Text => {
            let mut out = std::io::stdout().lock();
            out.write_all(&source.bytes)?;
            out.flush()?;
        }
    }
    Ok(Ending::Done)
}
