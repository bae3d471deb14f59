//! What is said when something is wrong, and the exit codes.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::calls::{self, complaint};

#[test]
fn an_unknown_scenario_is_answered_with_the_nearest_name() {
    insta::assert_snapshot!(complaint(&["run", "lost-ack-duplicate"], 2));
    insta::assert_snapshot!(complaint(&["run", "something-else-entirely"], 2));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let said = complaint(&["run", "./no/such/file.toml"], 2);
    assert!(said.starts_with("error: ./no/such/file.toml: cannot be read: "), "{said}");
}

#[test]
fn a_wrong_setting_is_answered_at_its_place() {
    insta::assert_snapshot!(complaint(&["run", "lost-ack-duplicates", "--set", "akcs=1"], 2));
}

#[test]
fn an_unknown_twin_is_answered_with_those_there_are() {
    insta::assert_snapshot!(complaint(&["run", "lost-ack-duplicates", "--twin", "idempotemt"], 2));
}

#[test]
fn what_is_not_there_to_look_at_is_named() {
    let base = ["log", "lost-ack-duplicates"];
    let with = |more: &[&str]| complaint(&[&base[..], more].concat(), 2);
    assert!(with(&["--partition", "orders-9"]).contains("orders-0"));
    assert!(with(&["--broker", "7"]).contains("write 0 to 2"));
    let topic = complaint(&["describe", "lost-ack-duplicates", "--topic", "order"], 2);
    assert!(topic.contains("did you mean orders?"), "{topic}");
}

#[test]
fn wrong_values_on_the_command_line_say_what_to_write() {
    for (args, said) in [
        (&["log", "x", "--at", "120"][..], "as in 120ms"),
        (&["check", "--seeds", "20..1"], "the smaller number comes first"),
        (&["run", "x", "--set", "acks"], "write KEY=VALUE"),
        (&["client-script", "x", "--out", "y", "--profile", "kafka-9"], "kafka-4.1"),
        (&["compare", "lost-ack-duplicates"], "nothing to compare with"),
    ] {
        let complaint = complaint(args, 2);
        assert!(complaint.contains(said), "{complaint}");
    }
}

/// The good ones are done all the same.
#[test]
fn check_goes_on_behind_a_file_that_cannot_be_read() {
    let output = calls::inflight(&["check", "./none.toml", "lost-ack-duplicates"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(calls::text(&output.stdout).lines().last(), Some("3 passed, 1 failed"));
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_inflight"))
        .args(["run", "lost-ack-duplicates", "--format", "json", "--full"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("UTF-8");
    assert_eq!((child.wait().expect("it ends").code(), said.as_str()), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let output = Command::new(env!("CARGO_BIN_EXE_inflight"))
        .args(["run", "lost-ack-duplicates"])
        .stdout(full)
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(calls::text(&output.stderr).contains("standard output cannot be written"));
}
