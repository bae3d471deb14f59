//! `inflight client-script`: runs client scripts with the producer of every scenario, and writes their transcripts.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use sim_core::client_script::run_script;
use sim_core::config::Release;

use crate::args::ClientScriptArgs;
use crate::atomic_file::AtomicFile;
use crate::error::{CliError, Ending};
use crate::output::{BAD, paint};

pub(crate) fn client_script(args: &ClientScriptArgs) -> Result<Ending, CliError> {
    let release = release(&args.profile)?;
    fs::create_dir_all(&args.out).map_err(CliError::write(&args.out))?;
    let mut ending = Ending::Done;
    for file in &args.files {
        if let Err(error) = one(file, &args.out, release) {
            // The other files are done all the same.
            writeln!(anstream::stderr(), "{}: {error}", paint(BAD, "error"))?;
            ending = Ending::BadInput;
        }
    }
    Ok(ending)
}

fn one(file: &Path, out: &Path, release: Release) -> Result<(), CliError> {
    let json = fs::read_to_string(file).map_err(CliError::read(file))?;
    let transcript = run_script(&json, release)
        .map_err(|error| CliError::input(format!("{}: {error}", file.display())))?;
    let path = transcript_path(file, out);
    let mut written = AtomicFile::create(&path)?;
    let text = serde_json::to_vec_pretty(&transcript).map_err(std::io::Error::other)?;
    written.write_all(&text).and_then(|()| written.write_all(b"\n")).map_err(CliError::write(&path))?;
    written.finish()
}

/// `NAME.script.json` becomes `NAME.transcript.json` in the other folder.
fn transcript_path(file: &Path, out: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".script.json").or_else(|| name.strip_suffix(".json")).unwrap_or(&name);
    out.join(format!("{stem}.transcript.json"))
}

fn release(profile: &str) -> Result<Release, CliError> {
    Release::by_profile(profile).ok_or_else(|| {
        let known: Vec<String> = Release::ALL.iter().map(ToString::to_string).collect();
        CliError::input(format!("--profile: there is no profile {profile:?}: write one of {}", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_named_after_its_script() {
        let path = |file: &str| transcript_path(Path::new(file), Path::new("out"));
        assert_eq!(path("a/b-retry-1.script.json"), Path::new("out/b-retry-1.transcript.json"));
        assert_eq!(path("x.json"), Path::new("out/x.transcript.json"));
    }
}
