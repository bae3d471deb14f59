//! One script through both producers, and what there is to say when they differ.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sim_core::client_script::{Script, Transcript, divergence, observe_script};
use sim_core::config::Release;

use super::Failure;
use super::client::{Answer, RealClient};
use super::reach::{Watch, reached};
use super::shrink::shrunk;

/// What has become of one question.
pub(crate) enum Outcome {
    Equal {
        name: String,
        reached: BTreeSet<&'static str>,
    },
    Differs(Difference),
    /// The harness could not run the script: why.
    Refused(String),
}

/// A script that tells the two apart.
pub(crate) struct Difference {
    pub(crate) name: String,
    script: String,
    theirs: String,
    /// Our transcript, or why there is none.
    ours: Result<String, String>,
    /// The first lines that differ.
    first: String,
    shrunk: Option<Box<Difference>>,
    files: Option<PathBuf>,
}

impl Outcome {
    /// Runs ours, and compares.
    pub(crate) fn of(answer: Answer, release: Release) -> Result<Outcome, Failure> {
        let (script, theirs) = match answer {
            Answer::Ran { script, transcript } => (script, transcript),
            Answer::Refused(reason) => return Ok(Outcome::Refused(reason)),
        };
        let real: Transcript = serde_json::from_str(&theirs)?;
        let name = real.name.clone();
        let run = Script::read(&script).and_then(|read| observe_script(&read, release, Watch::default()));
        let (ours, first) = match run {
            Ok((ours, seen)) => match divergence(&ours, &real) {
                None => {
                    let reached = reached(&script, release, seen, &ours, &real);
                    return Ok(Outcome::Equal { name, reached });
                }
                Some(first) => (Ok(ours.to_string()), first.to_string()),
            },
            Err(error) => (Err(error.to_string()), format!("ours cannot run it: {error}")),
        };
        Ok(Outcome::Differs(Difference { name, script, theirs, ours, first, shrunk: None, files: None }))
    }
}

impl Difference {
    /// Leaves out of the script all that can be left out while the two differ.
    pub(crate) fn shrink(&mut self, client: &mut RealClient) -> Result<(), Failure> {
        let mut script: Value = serde_json::from_str(&self.script)?;
        script["name"] = format!("{}-shrunk", self.name).into();
        let mut smallest = None;
        shrunk(script, |candidate| {
            let Outcome::Differs(found) = Outcome::of(client.run(candidate)?, client.release)? else {
                return Ok(false);
            };
            // A script that ours cannot run is another difference than one with another outcome.
            if found.ours.is_ok() != self.ours.is_ok() {
                return Ok(false);
            }
            smallest = Some(Box::new(found));
            Ok(true)
        })?;
        self.shrunk = smallest;
        Ok(())
    }

    /// Writes scripts and transcripts as files; the transcripts' names end in `theirs` and `ours`.
    pub(crate) fn write(&mut self, folder: &Path) -> Result<(), Failure> {
        let path = |end: &str| folder.join(format!("{}.{end}.json", self.name));
        fs::write(path("script"), &self.script)?;
        fs::write(path("theirs"), &self.theirs)?;
        if let Ok(ours) = &self.ours {
            fs::write(path("ours"), ours)?;
        }
        self.files = Some(path("script"));
        self.shrunk.as_mut().map_or(Ok(()), |shrunk| shrunk.write(folder))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.first)?;
        if let Some(path) = &self.files {
            write!(f, "\n    script: {}", path.display())?;
        }
        match &self.shrunk {
            Some(shrunk) => write!(f, "\n  {shrunk}\n{}", shrunk.script),
            None => Ok(()),
        }
    }
}
