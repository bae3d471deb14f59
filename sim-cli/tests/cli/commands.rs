//! What the other commands print.

use crate::calls::{inflight, printed, text};
use serde_json::Value;

const SCENARIO: &str = "lost-ack-duplicates";

#[test]
fn the_log_is_printed_as_kafka_dump_log_does() {
    insta::assert_snapshot!(printed(&["log", SCENARIO, "--at", "1030ms"]));
}

#[test]
fn the_topic_is_described_as_kafka_topics_does() {
    insta::assert_snapshot!(printed(&["describe", SCENARIO]));
}

#[test]
fn the_timeline_is_a_space_time_diagram() {
    insta::assert_snapshot!(printed(&["timeline", SCENARIO, "--at", "1020ms"]));
}

#[test]
fn two_runs_stand_side_by_side() {
    insta::assert_snapshot!(printed(&["compare", SCENARIO, "--twin", "idempotent"]));
}

#[test]
fn a_setting_can_be_compared_with_itself_changed() {
    let page = printed(&["compare", SCENARIO, "--set", "acks=1"]);
    assert!(page.contains("acks") && page.contains("Where they part"), "{page}");
}

#[test]
fn a_scenario_is_shown_as_it_is() {
    let file = include_str!("../../../scenarios/lost-ack-duplicates.toml");
    assert_eq!(printed(&["show", SCENARIO]), file);
}

#[test]
fn a_scenario_is_shown_to_programs_with_its_changes() {
    let tree = printed(&["show", SCENARIO, "--twin", "idempotent", "--set", "acks=all", "--format", "json"]);
    let tree: Value = serde_json::from_str(&tree).expect("JSON");
    let config = &tree["producers"][0]["config"];
    assert_eq!((&config["enable.idempotence"], &config["acks"]), (&true.into(), &"all".into()));
    let refused = inflight(&["show", SCENARIO, "--twin", "idempotent"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("--format json"));
}

#[test]
fn the_library_is_listed_for_programs_with_every_field() {
    let list: Value = serde_json::from_str(&printed(&["list", "--format", "json"])).expect("JSON");
    let entry = list
        .as_array()
        .and_then(|list| list.iter().find(|entry| entry["name"] == SCENARIO))
        .expect("the library has it");
    for field in ["title", "question", "tags", "profile", "twins"] {
        assert!(!entry[field].is_null(), "{field}");
    }
    assert_eq!(entry["profile"], "kafka-4.1");
}

#[test]
fn a_tag_narrows_the_list() {
    let all = printed(&["list"]);
    let some = printed(&["list", "--tag", "idempotence"]);
    assert!(some.contains(SCENARIO) && some.len() < all.len());
    assert_eq!(printed(&["list", "--tag", "no-such-tag"]), "");
}

/// design.md 5: the same run gives the same JSON, byte for byte.
#[test]
fn a_run_is_deterministic_down_to_the_trace_hash() {
    let run = || printed(&["run", SCENARIO, "--format", "json", "--seed", "7"]);
    let first = run();
    let result: Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!(first, run());
    assert_eq!(result["seed"], 7);
    assert_eq!(result["trace_hash"].as_str().map(str::len), Some(16));
    assert_eq!(result["verdict"]["duplicated"], 1);
}

#[test]
fn settings_of_a_properties_file_count_and_set_wins_over_them() {
    let folder = tempfile::tempdir().expect("a new folder");
    let file = folder.path().join("producer.properties");
    std::fs::write(&file, "enable.idempotence=true\nlinger.ms=7\n").expect("a new file");
    let file = file.to_str().expect("UTF-8");
    let with = |more: &[&str]| {
        let mut args = vec!["run", SCENARIO, "--format", "json", "--producer-config", file];
        args.extend(more);
        let result: Value = serde_json::from_str(&printed(&args)).expect("JSON");
        result["verdict"]["duplicated"].clone()
    };
    assert_eq!(with(&["--set", "enable.idempotence=false"]), 1);
}

#[test]
fn check_closes_with_the_sum() {
    let page = printed(&["check", SCENARIO, "--seeds", "1..3"]);
    assert_eq!(page.lines().last(), Some("9 passed, 0 failed"), "{page}");
}

#[test]
fn check_fails_where_an_expectation_does_not_hold() {
    let folder = tempfile::tempdir().expect("a new folder");
    let file = folder.path().join("wrong.toml");
    let scenario = include_str!("../../../scenarios/lost-ack-duplicates.toml");
    std::fs::write(&file, scenario.replacen("duplicated = 1", "duplicated = 2", 1)).expect("a new file");
    let output = inflight(&["check", file.to_str().expect("UTF-8")]);
    let page = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{page}");
    assert!(page.contains("duplicated: expected 2, got 1"), "{page}");
    assert_eq!(page.lines().last(), Some("2 passed, 1 failed"));
}

#[test]
fn completions_are_there_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(printed(&["completions", shell]).contains("inflight"));
    }
}
