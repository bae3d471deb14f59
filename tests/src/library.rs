//! The scenarios of the library, and every way in which each can be run: as it is, and with each of its twins.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sim_core::invariant::{self, Feed};
use sim_core::kernel::{Finished, Run, names_of};
use sim_core::protocol::Exception;
use sim_core::scenario::{Listing, Overrides, Scenario, ScenarioErrors, Source, properties_named};
use sim_core::trace::Observer;

use crate::repository;

/// One scenario file, as it is or with one of its twins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file, from the workspace's root.
    pub file: PathBuf,
    /// The twin; none: the file as it is.
    pub twin: Option<String>,
    /// What reading it must end with, if it is not meant to run.
    pub refusal: Option<Exception>,
    source: Source,
}

impl Entry {
    /// The file as it is, and every twin that it names.
    ///
    /// # Panics
    /// If the file is no scenario file at all.
    pub fn all_of(file: PathBuf) -> Vec<Entry> {
        let source = source(&file);
        let listing = Listing::read(&source).unwrap_or_else(|errors| panic!("{errors}"));
        let itself = Entry { file, twin: None, refusal: None, source };
        let twins = listing.twins.into_iter().map(|twin| Entry {
            twin: Some(twin.name),
            refusal: twin.expected_error,
            ..itself.clone()
        });
        let twins: Vec<Entry> = twins.collect();
        std::iter::once(itself).chain(twins).collect()
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.source.bytes).into_owned()
    }

    /// The scenario, drawn from this seed or from the file's own.
    ///
    /// # Errors
    /// Why it cannot be run; some twins are there to be refused.
    pub fn load(&self, seed: Option<u64>) -> Result<Scenario, ScenarioErrors> {
        let overrides = Overrides { seed, twin: self.twin.clone(), ..Overrides::default() };
        Ok(Scenario::load(&self.source, &overrides)?.scenario)
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.source.scenario_name())?;
        self.twin.iter().try_for_each(|twin| write!(f, " --twin {twin}"))
    }
}

/// A scenario file with the `.properties` files that it names.
fn source(file: &Path) -> Source {
    let mut source = Source::new(&file.to_string_lossy(), &repository::text(file));
    let folder = file.parent().unwrap_or(Path::new(""));
    for path in properties_named(&source.bytes) {
        let text = repository::text(&folder.join(&path));
        source.properties.insert(path, text.into_bytes());
    }
    source
}

/// All of the library, files in order.
pub fn entries() -> Vec<Entry> {
    entries_below("scenarios")
}

/// All scenarios in this folder, files in order.
pub fn entries_below(folder: &str) -> Vec<Entry> {
    let files = repository::files_below(folder);
    let scenarios = files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "toml"));
    scenarios.flat_map(Entry::all_of).collect()
}

/// A run before its first event, seen by `observer`.
pub fn start<O: Observer>(scenario: Scenario, observer: O) -> Run<O> {
    let names = Arc::new(names_of(&scenario));
    Run::new(Arc::new(scenario), names, observer)
}

/// A run to its end, every invariant held against every step of it.
///
/// # Panics
/// If one does not hold.
pub fn finish<O: Observer>(scenario: Scenario, observer: O) -> Finished<O> {
    let (finished, violations) = invariant::finish(start(scenario, (Feed::on(), observer)));
    assert!(violations.is_empty(), "{}: {violations:#?}", finished.scenario.name);
    let Finished {
        scenario,
        names,
        ledger,
        logs,
        terms,
        counters,
        consumers,
        refused,
        observer: (_, observer),
    } = finished;
    Finished { scenario, names, ledger, logs, terms, counters, consumers, refused, observer }
}
