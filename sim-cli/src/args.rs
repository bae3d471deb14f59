//! The command line, declared once: help, completions and parsing come from here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use sim_core::config::Release;
use sim_core::time::Time;

use crate::parse;

/// Shows what a Kafka producer really does to your records.
#[derive(Debug, Parser)]
#[command(name = "inflight", version, max_term_width = 100, subcommand_required = true)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = "Start with: inflight run lost-ack-duplicates\n\n\
                        Exit codes: 0 done, 1 an expectation did not hold, 2 bad input, 130 interrupted")]
pub(crate) struct Cli {
    /// Language of what is told [default: Korean where the locale is, else English]
    #[arg(long, global = true, value_enum)]
    pub(crate) lang: Option<Lang>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A language of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    Ko,
    En,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one scenario and tell what happened
    Run(RunArgs),
    /// List the scenarios of the library, with the question each answers
    List(ListArgs),
    /// Print a scenario file as it is, or the scenario as JSON
    Show(ShowArgs),
    /// Run scenarios and their twins against what they expect
    Check(CheckArgs),
    /// Put two runs side by side: what differs, what came of it, where they part
    Compare(CompareArgs),
    /// Print a partition's log as kafka-dump-log does
    Log(LogArgs),
    /// Describe topics as kafka-topics does
    Describe(DescribeArgs),
    /// Draw the messages between the machines over time
    Timeline(TimelineArgs),
    /// Measure how fast this machine simulates
    Bench(BenchArgs),
    /// Run client scripts and write their transcripts
    ClientScript(ClientScriptArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
}

/// Which scenario, and what is changed in it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Chosen {
    /// A name from the library (see `inflight list`), or the path of a scenario file
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenario: String,
    #[command(flatten)]
    pub(crate) changes: Changes,
}

/// What is changed in a scenario.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Changes {
    /// Apply this twin of the scenario
    #[arg(long, value_name = "NAME")]
    pub(crate) twin: Option<String>,
    /// Change a setting: acks=1, broker:KEY=VALUE, topic:KEY=VALUE, orders:KEY=VALUE, seed=7, profile=kafka-3.9
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse::assignment)]
    pub(crate) set: Vec<(String, String)>,
    /// Fix all random choices by this number
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
    /// Take producer settings from a Kafka .properties file
    #[arg(long, value_name = "FILE")]
    pub(crate) producer_config: Option<PathBuf>,
}

/// For people or for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// Text for people, JSON for programs
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Write every event to a file, one JSON object a line; NAME.pftrace.json is written for ui.perfetto.dev
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Do not cut long lists
    #[arg(long)]
    pub(crate) full: bool,
    /// Say more: settings without effect and why, every event of the time line
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Hold what must hold in every Kafka cluster against every event
    #[arg(long)]
    pub(crate) check_invariants: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only scenarios with this tag
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<String>,
    /// Text for people, JSON for programs
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// The file as it is, or JSON of what would be run: with the twin and all changes in it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Names or paths [default: the whole library]
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<String>,
    /// Check each with each of these seeds: 7, or 1..20 (both ends included) [default: the file's own]
    #[arg(long, value_name = "SEEDS", value_parser = parse::seeds)]
    pub(crate) seeds: Option<parse::Seeds>,
    /// Hold what must hold in every Kafka cluster against every event, too
    #[arg(long)]
    pub(crate) check_invariants: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// A name from the library, or the path of a scenario file
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenario: String,
    /// A second one; without it, the first one as it is against itself with the changes below
    #[arg(value_name = "OTHER", conflicts_with_all = ["twin", "set", "producer_config"])]
    pub(crate) other: Option<String>,
    #[command(flatten)]
    pub(crate) changes: Changes,
    /// Text for people, JSON for programs
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// Only this partition, as in orders-0
    #[arg(long, value_name = "TOPIC-PARTITION")]
    pub(crate) partition: Option<String>,
    /// The replica on this broker [default: the leader]
    #[arg(long, value_name = "ID")]
    pub(crate) broker: Option<u32>,
    /// The state at this virtual time, after everything of that instant [default: the end]
    #[arg(long, value_name = "TIME", value_parser = parse::time)]
    pub(crate) at: Option<Time>,
}

#[derive(Debug, Args)]
pub(crate) struct DescribeArgs {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// Only this topic
    #[arg(long, value_name = "NAME")]
    pub(crate) topic: Option<String>,
    /// The state at this virtual time, after everything of that instant [default: the end]
    #[arg(long, value_name = "TIME", value_parser = parse::time)]
    pub(crate) at: Option<Time>,
}

#[derive(Debug, Args)]
pub(crate) struct TimelineArgs {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// From this virtual time on [default: just before the first send()]
    #[arg(long, value_name = "TIME", value_parser = parse::time)]
    pub(crate) from: Option<Time>,
    /// Up to this virtual time, everything of that instant included [default: the end]
    #[arg(long, value_name = "TIME", value_parser = parse::time)]
    pub(crate) at: Option<Time>,
    /// Do not cut it after 200 lines, and show followers' empty fetches and heartbeats too
    #[arg(long)]
    pub(crate) full: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Only short measurements: no run of more than 100,000 records
    #[arg(long)]
    pub(crate) quick: bool,
    /// Text for people, JSON for programs
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ClientScriptArgs {
    /// Scripts, or folders with files named *.script.json
    #[arg(required = true, value_name = "FILE|FOLDER")]
    pub(crate) files: Vec<PathBuf>,
    /// Where the transcripts go (NAME.transcript.json); the folder is made if it is not there
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// Release of the client
    #[arg(long, value_name = "PROFILE", default_value = "kafka-4.1", value_parser = parse::profile)]
    pub(crate) profile: Release,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// bash, zsh, fish ...
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
