//! `inflight show`: a scenario file as it is.

use std::io::Write;

use crate::args::ShowArgs;
use crate::error::{CliError, Ending};
use crate::library;

pub(crate) fn show(args: &ShowArgs) -> Result<Ending, CliError> {
    let source = library::open(&args.scenario)?;
    let mut out = std::io::stdout().lock();
    out.write_all(&source.bytes)?;
    out.flush()?;
    Ok(Ending::Done)
}
