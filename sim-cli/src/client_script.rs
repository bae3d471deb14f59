//! `inflight client-script`: runs client scripts and writes what the producer did.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use sim_core::client_script::{ScriptError, run_script};
use sim_core::config::Release;

/// Run client scripts and write a transcript of each
///
/// A client script drives the producer against a scripted stand-in for the cluster. NAME.script.json gives
/// NAME.transcript.json. A bad script is named with the field that is wrong, the others are done all the same.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Scripts, or folders with files named *.script.json
    #[arg(required = true, value_name = "FILE|FOLDER")]
    scripts: Vec<PathBuf>,
    /// Where the transcripts go; the folder is made if it is not there
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Release of the client
    #[arg(long, value_name = "PROFILE", default_value = "kafka-4.1", value_parser = profile)]
    profile: Release,
}

fn profile(name: &str) -> Result<Release, String> {
    Release::by_profile(name).ok_or_else(|| {
        let known: Vec<String> = Release::ALL.iter().map(ToString::to_string).collect();
        format!("no such profile; there are {}", known.join(", "))
    })
}

/// What went wrong with one script.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("cannot be read: {0}")]
    Read(io::Error),
    #[error("{0}")]
    Script(#[from] ScriptError),
    #[error("cannot write {}: {error}", path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error("a script before it has written {} already; give it another name or another --out", .0.display())]
    SameName(PathBuf),
    #[error("no file in this folder is named *.script.json")]
    NoScripts,
}

/// Runs every script; exit code 2 if one of them was bad.
pub(crate) fn run(args: &Args) -> ExitCode {
    if let Err(error) = fs::create_dir_all(&args.out) {
        eprintln!("inflight: {}: cannot be made: {error}", args.out.display());
        return ExitCode::from(2);
    }
    let mut written = BTreeSet::new();
    let mut bad = 0;
    for path in &args.scripts {
        for (script, result) in run_path(path, args, &mut written) {
            if let Err(problem) = result {
                bad += 1;
                eprintln!("inflight: {}: {problem}", script.display());
            }
        }
    }
    println!("{} written to {}, {bad} bad", count(written.len()), args.out.display());
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

fn count(transcripts: usize) -> String {
    if transcripts == 1 { "1 transcript".to_owned() } else { format!("{transcripts} transcripts") }
}

type Results = Vec<(PathBuf, Result<(), Problem>)>;

/// Runs a script, or every script of a folder in the order of their names.
fn run_path(path: &Path, args: &Args, written: &mut BTreeSet<PathBuf>) -> Results {
    if !path.is_dir() {
        return vec![(path.to_owned(), run_file(path, args, written))];
    }
    match scripts_in(path) {
        Ok(scripts) => scripts
            .into_iter()
            .map(|script| {
                let result = run_file(&script, args, written);
                (script, result)
            })
            .collect(),
        Err(problem) => vec![(path.to_owned(), Err(problem))],
    }
}

fn scripts_in(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let mut scripts = Vec::new();
    for entry in fs::read_dir(folder).map_err(Problem::Read)? {
        let path = entry.map_err(Problem::Read)?.path();
        if path.to_str().is_some_and(|name| name.ends_with(".script.json")) {
            scripts.push(path);
        }
    }
    scripts.sort();
    if scripts.is_empty() { Err(Problem::NoScripts) } else { Ok(scripts) }
}

fn run_file(script: &Path, args: &Args, written: &mut BTreeSet<PathBuf>) -> Result<(), Problem> {
    let json = fs::read_to_string(script).map_err(Problem::Read)?;
    let transcript = run_script(&json, args.profile)?;
    let path = args.out.join(transcript_name(script));
    if written.contains(&path) {
        return Err(Problem::SameName(path));
    }
    fs::write(&path, transcript.to_string()).map_err(|error| Problem::Write { path: path.clone(), error })?;
    written.insert(path);
    Ok(())
}

/// `a/b.script.json` and `a/b.json` give `b.transcript.json`.
fn transcript_name(script: &Path) -> String {
    let name = script.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".json").unwrap_or(&name);
    format!("{}.transcript.json", name.strip_suffix(".script").unwrap_or(name))
}
