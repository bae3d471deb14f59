//! Trace files: complete or absent, and in the format that their name asks for.

use std::fs;

use crate::calls::{complaint, printed};
use serde_json::Value;

const SCENARIO: &str = "lost-ack-duplicates";

#[test]
fn a_trace_has_a_line_for_every_event() {
    let folder = tempfile::tempdir().expect("a new folder");
    let file = folder.path().join("run.jsonl");
    let path = file.to_str().expect("UTF-8");
    let result: Value =
        serde_json::from_str(&printed(&["run", SCENARIO, "--format", "json", "--trace", path]))
            .expect("JSON");
    let trace = fs::read_to_string(&file).expect("the trace");
    let lines: Vec<Value> = trace.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(Some(lines.len() as u64), result["events"].as_u64());
    assert!((0u64..).zip(&lines).all(|(seq, line)| line["seq"] == seq));
    assert_eq!(lines.first().map(|line| &line["event"]), Some(&Value::from("run-started")));
    assert_eq!(lines.last().map(|line| &line["event"]), Some(&Value::from("run-ended")));
    let cause = result["findings"][0]["cause"].as_u64().expect("the copy has a cause");
    assert_eq!(lines[cause as usize]["event"], "append");
}

#[test]
fn a_perfetto_trace_has_a_track_for_each_machine() {
    let folder = tempfile::tempdir().expect("a new folder");
    let file = folder.path().join("run.pftrace.json");
    printed(&["run", SCENARIO, "--trace", file.to_str().expect("UTF-8")]);
    let trace: Value = serde_json::from_str(&fs::read_to_string(&file).expect("the trace")).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("a list");
    let tracks: Vec<&str> = events
        .iter()
        .filter(|event| event["name"] == "thread_name")
        .filter_map(|event| event["args"]["name"].as_str())
        .collect();
    for machine in ["run", "shop", "broker 0", "broker 1", "broker 2"] {
        assert!(tracks.contains(&machine), "{tracks:?}");
    }
    let ends =
        |phase: &str| events.iter().filter(|event| event["ph"] == phase && event["cat"] == "request").count();
    assert!(ends("b") >= ends("e") && ends("e") >= 20);
}

#[test]
fn a_trace_that_cannot_be_written_leaves_nothing_and_runs_nothing() {
    let folder = tempfile::tempdir().expect("a new folder");
    let file = folder.path().join("no/such/folder/run.jsonl");
    let said = complaint(&["run", SCENARIO, "--trace", file.to_str().expect("UTF-8")], 2);
    assert!(said.contains("run.jsonl: cannot be written: "), "{said}");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
}
