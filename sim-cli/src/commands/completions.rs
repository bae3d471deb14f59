//! `inflight completions`: what a shell needs to complete commands and options.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::error::{CliError, Ending};
use crate::output::print;

pub(crate) fn completions(args: &CompletionsArgs) -> Result<Ending, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "inflight", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Ending::Done)
}
