//! The producer against Kafka's own: every client script in `golden/` gives the transcript that the real Java client
//! (4.1.1, under virtual time) gave. `real-client/judge` compares fresh scripts with that client itself.

use std::fs;
use std::path::{Path, PathBuf};

use sim_core::client_script::{Transcript, divergence, run_script};
use sim_core::config::Release;

const RELEASE: Release = Release::new(4, 1);

#[test]
fn scripts_about_one_rule_each() {
    compare(|name| !is_generated(name));
}

#[test]
fn generated_batching() {
    compare(|name| name.starts_with("a-"));
}

#[test]
fn generated_retries_without_idempotence() {
    compare(|name| name.starts_with("b-"));
}

#[test]
fn generated_idempotence() {
    compare(|name| name.starts_with("c-"));
}

#[test]
fn generated_lost_messages_and_timeouts() {
    compare(|name| name.starts_with("d-"));
}

#[test]
fn generated_leaders_and_nodes() {
    compare(|name| name.starts_with("e-"));
}

#[test]
fn generated_special_errors() {
    compare(|name| name.starts_with("f-"));
}

#[test]
fn generated_flush_close_and_sync() {
    compare(|name| name.starts_with("g-"));
}

#[test]
fn generated_everything_mixed() {
    compare(|name| name.starts_with("h-"));
}

#[test]
fn generated_rare_settings() {
    compare(|name| name.starts_with("i-"));
}

#[test]
fn generated_sequences_and_epochs() {
    compare(|name| name.starts_with("j-"));
}

#[test]
fn generated_hints_and_throttling() {
    compare(|name| name.starts_with("k-"));
}

#[test]
fn generated_topics_that_appear_and_silent_nodes() {
    compare(|name| name.starts_with("l-"));
}

#[test]
fn generated_idle_connections() {
    compare(|name| name.starts_with("m-"));
}

#[test]
fn generated_rebootstrap() {
    compare(|name| name.starts_with("n-"));
}

#[test]
fn generated_errors_of_single_records() {
    compare(|name| name.starts_with("o-"));
}

#[test]
fn generated_callbacks_that_call_the_producer() {
    compare(|name| name.starts_with("p-"));
}

#[test]
fn generated_compression() {
    compare(|name| name.starts_with("q-"));
}

#[test]
fn generated_delivery_timeouts() {
    compare(|name| name.starts_with("r-"));
}

#[test]
fn generated_adaptive_partitioning() {
    compare(|name| name.starts_with("s-"));
}

#[test]
fn generated_epoch_bumps() {
    compare(|name| name.starts_with("t-"));
}

/// The layout is the golden files' own, to the byte.
#[test]
fn a_transcript_is_written_as_it_was_read() {
    for name in names() {
        let text = read(&name, "transcript");
        let transcript: Transcript = serde_json::from_str(&text).expect("a golden transcript");
        assert_eq!(transcript.to_string(), text, "{name}");
    }
}

/// The names of generated scripts begin with a category: one letter.
fn is_generated(name: &str) -> bool {
    name.split('-').next().is_some_and(|first| first.len() == 1)
}

/// Runs the scripts whose name is wanted; fails with every name whose transcript parts from the golden one, and where.
fn compare(wanted: impl Fn(&str) -> bool) {
    let chosen: Vec<String> = names().into_iter().filter(|name| wanted(name)).collect();
    assert!(!chosen.is_empty(), "no script of this kind in {}", folder().display());
    let apart: Vec<String> = chosen.iter().filter_map(|name| parting(name)).collect();
    assert!(apart.is_empty(), "{} of {} differ:\n{}", apart.len(), chosen.len(), apart.join("\n"));
}

/// Where the script's transcript parts from the golden one, if it does.
fn parting(name: &str) -> Option<String> {
    let golden: Transcript = serde_json::from_str(&read(name, "transcript")).expect("a golden transcript");
    match run_script(&read(name, "script"), RELEASE) {
        Ok(ours) => divergence(&ours, &golden).map(|divergence| format!("{name}: {divergence}")),
        Err(error) => Some(format!("{name}: {error}")),
    }
}

fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).expect("the folder of golden scripts");
    let mut names: Vec<String> = files
        .filter_map(|file| file.ok()?.file_name().into_string().ok())
        .filter_map(|file| file.strip_suffix(".script.json").map(str::to_owned))
        .collect();
    names.sort();
    names
}

fn read(name: &str, kind: &str) -> String {
    fs::read_to_string(folder().join(format!("{name}.{kind}.json")))
        .expect("script and transcript are a pair")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}
