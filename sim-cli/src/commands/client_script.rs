//! `inflight client-script`: runs client scripts with the producer of every scenario, and writes their transcripts.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use sim_core::client_script::run_script;

use crate::args::ClientScriptArgs;
use crate::atomic_file::AtomicFile;
use crate::error::{CliError, Ending};
use crate::output::{BAD, paint, print};

pub(crate) fn client_script(args: &ClientScriptArgs) -> Result<Ending, CliError> {
    fs::create_dir_all(&args.out).map_err(CliError::write(&args.out))?;
    let mut written = BTreeSet::new();
    let mut bad = 0;
    for path in &args.files {
        let scripts = match scripts_at(path) {
            Ok(scripts) => scripts,
            Err(error) => {
                bad += 1;
                complain(&error)?;
                continue;
            }
        };
        for script in scripts {
            // The other scripts are done all the same.
            if let Err(error) = one(&script, args, &mut written) {
                bad += 1;
                complain(&error)?;
            }
        }
    }
    print(&format!("{} written to {}, {bad} bad\n", count(written.len()), args.out.display()))?;
    Ok(if bad == 0 { Ending::Done } else { Ending::BadInput })
}

fn complain(error: &CliError) -> Result<(), CliError> {
    writeln!(anstream::stderr(), "{}: {error}", paint(BAD, "error"))?;
    Ok(())
}

fn count(transcripts: usize) -> String {
    if transcripts == 1 { "1 transcript".to_owned() } else { format!("{transcripts} transcripts") }
}

/// A script, or every script of a folder in the order of their names.
fn scripts_at(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut scripts = Vec::new();
    for entry in fs::read_dir(path).map_err(CliError::read(path))? {
        let entry = entry.map_err(CliError::read(path))?.path();
        if entry.to_str().is_some_and(|name| name.ends_with(".script.json")) {
            scripts.push(entry);
        }
    }
    if scripts.is_empty() {
        return Err(CliError::input(format!(
            "{}: no file in this folder is named *.script.json",
            path.display()
        )));
    }
    scripts.sort();
    Ok(scripts)
}

fn one(script: &Path, args: &ClientScriptArgs, written: &mut BTreeSet<PathBuf>) -> Result<(), CliError> {
    let json = fs::read_to_string(script).map_err(CliError::read(script))?;
    let transcript = run_script(&json, args.profile)
        .map_err(|error| CliError::input(format!("{}: {error}", script.display())))?;
    let path = args.out.join(transcript_name(script));
    if written.contains(&path) {
        return Err(CliError::input(format!(
            "{}: a script before it has written {} already; give it another name or another --out",
            script.display(),
            path.display()
        )));
    }
    let mut file = AtomicFile::create(&path)?;
    file.write_all(transcript.to_string().as_bytes()).map_err(CliError::write(&path))?;
    file.finish()?;
    written.insert(path);
    Ok(())
}

/// `a/b.script.json` and `a/b.json` give `b.transcript.json`.
fn transcript_name(script: &Path) -> String {
    let name = script.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".json").unwrap_or(&name);
    format!("{}.transcript.json", name.strip_suffix(".script").unwrap_or(name))
}
