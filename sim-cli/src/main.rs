//! The `inflight` command.

mod client_script;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A deterministic model of the Kafka producer pipeline and of the cluster behind it.
#[derive(Parser)]
#[command(name = "inflight", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    ClientScript(client_script::Args),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::ClientScript(args) => client_script::run(&args),
    }
}
