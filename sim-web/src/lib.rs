//! The model in a browser, and in Node: what a page asks, as functions of texts.
//!
//! Texts go in and texts come out (a scenario file, the JSON of one run), so a page needs no types of ours. [`play`] and
//! [`hash`] are the same for callers in Rust, without JavaScript's errors.

use std::sync::Arc;

use sim_core::kernel::{Run, names_of};
use sim_core::scenario::{Overrides, Scenario, ScenarioErrors, Source};
use sim_core::trace::Hasher;
use sim_core::verdict::CauseIndex;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

/// Runs a scenario to its end: the result of the run as JSON (`inflight run --format json` prints the same).
///
/// `name` is the file's, as errors show it; `twin` and `seed` are the file's own where they are not given.
///
/// # Errors
/// All that is wrong with the file, in words, each with its place.
#[wasm_bindgen]
pub fn run(name: &str, toml: &str, twin: Option<String>, seed: Option<u64>) -> Result<String, JsError> {
    Ok(play(name, toml, twin, seed)?)
}

/// Runs a scenario to its end: the hash of its trace, as 16 hexadecimal digits.
///
/// # Errors
/// All that is wrong with the file, in words, each with its place.
#[wasm_bindgen(js_name = runHash)]
pub fn run_hash(name: &str, toml: &str, twin: Option<String>, seed: Option<u64>) -> Result<String, JsError> {
    Ok(hash(name, toml, twin, seed)?)
}

/// [`run`] for callers in Rust.
///
/// # Errors
/// All that is wrong with the file.
pub fn play(
    name: &str,
    toml: &str,
    twin: Option<String>,
    seed: Option<u64>,
) -> Result<String, ScenarioErrors> {
    let scenario = read(name, toml, twin, seed)?;
    let names = Arc::new(names_of(&scenario));
    let observers = (Hasher::new(&names), CauseIndex::default());
    let finished = Run::new(Arc::new(scenario), names, observers).finish();
    let (hasher, causes) = &finished.observer;
    let result = finished.result(&finished.verdict(), Some(causes), Some(hasher.value()), false);
    Ok(serde_json::to_string(&result).expect("a result has only texts, numbers and lists of them"))
}

/// [`run_hash`] for callers in Rust.
///
/// # Errors
/// All that is wrong with the file.
pub fn hash(
    name: &str,
    toml: &str,
    twin: Option<String>,
    seed: Option<u64>,
) -> Result<String, ScenarioErrors> {
    let scenario = read(name, toml, twin, seed)?;
    let names = Arc::new(names_of(&scenario));
    let hasher = Hasher::new(&names);
    Ok(Run::new(Arc::new(scenario), names, hasher).finish().observer.hex())
}

fn read(name: &str, toml: &str, twin: Option<String>, seed: Option<u64>) -> Result<Scenario, ScenarioErrors> {
    let overrides = Overrides { seed, twin, ..Overrides::default() };
    Ok(Scenario::load(&Source::new(name, toml), &overrides)?.scenario)
}
