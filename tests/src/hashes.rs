//! Runs to be hashed in several builds: a list of them as JSON, and the hashes of their traces in the same order.
//!
//! `src/bin/run-hashes.rs` answers such a list natively, `wasm/run-hashes.cjs` in Node.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::library::Entry;

/// One run: a scenario file's text, and what is changed in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The file's name.
    pub name: String,
    /// Its text.
    pub toml: String,
    /// The twin, if one is meant.
    pub twin: Option<String>,
    /// Instead of the file's own seed.
    pub seed: Option<u64>,
}

impl Case {
    /// A file of the library or its twin, with its own seed.
    pub fn of(entry: &Entry) -> Case {
        Case {
            name: entry.file.to_string_lossy().into_owned(),
            toml: entry.text(),
            twin: entry.twin.clone(),
            seed: None,
        }
    }

    /// The hash of the run's trace, computed here and now.
    ///
    /// # Panics
    /// If the scenario cannot be run.
    pub fn hash(&self) -> String {
        let Case { name, toml, twin, seed } = self;
        sim_web::hash(name, toml, twin.clone(), *seed).unwrap_or_else(|errors| panic!("{name}: {errors}"))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.twin.iter().try_for_each(|twin| write!(f, " --twin {twin}"))
    }
}
