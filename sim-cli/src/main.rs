//! The `inflight` command.

mod args;
mod atomic_file;
mod commands;
mod divergence;
mod engine;
mod error;
mod interrupt;
mod library;
mod numbers;
mod output;
mod parse;
mod sketch;
mod story;
mod text;
mod trace;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command, Lang};
use error::{CliError, Ending};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    interrupt::tidy_up();
    match carry_out(&cli) {
        Ok(ending) => ExitCode::from(ending.code()),
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is gone too, the exit code has to say it.
            let _ = writeln!(anstream::stderr(), "{}: {error}", output::paint(output::BAD, "error"));
            ExitCode::from(Ending::BadInput.code())
        }
    }
}

fn carry_out(cli: &Cli) -> Result<Ending, CliError> {
    let lang = Lang::of(cli.lang);
    match &cli.command {
        Command::Run(args) => commands::run(lang, args),
        Command::List(args) => commands::list(lang, args),
        Command::Show(args) => commands::show(args),
        Command::Check(args) => commands::check(args),
        Command::Compare(args) => commands::compare(lang, args),
        Command::Log(args) => commands::log(args),
        Command::Describe(args) => commands::describe(args),
        Command::Timeline(args) => commands::timeline(args),
        Command::Bench(args) => commands::bench(args),
        Command::ClientScript(args) => commands::client_script(args),
        Command::Completions(args) => commands::completions(args),
    }
}

/// Help and version are an answer; everything else that clap stops at is a wrong command line.
fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    let ending = if error.use_stderr() { Ending::BadInput } else { Ending::Done };
    match printed.map_err(CliError::from) {
        Err(error) if !error.is_closed_pipe() => ExitCode::from(Ending::BadInput.code()),
        _ => ExitCode::from(ending.code()),
    }
}
