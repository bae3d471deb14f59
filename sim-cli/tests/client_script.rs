//! `inflight client-script`, as a user calls it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const GOOD: &str = r#"{"name": "good", "cluster": {"nodes": [0], "connect_ms": 1,
    "topics": [{"name": "t", "leaders": [0]}]}, "steps": [], "until": 10}"#;

/// A folder of its own, with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("client-script").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder of the last test run can be removed");
    }
    fs::create_dir_all(&folder).expect("a new folder");
    for (file, text) in files {
        fs::write(folder.join(file), text).expect("a new file");
    }
    folder
}

fn client_script(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inflight"));
    command.current_dir(folder).arg("client-script").args(args).output().expect("the command runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_script_gives_a_transcript_of_its_name() {
    let folder = folder("one", &[("good.script.json", GOOD)]);
    let output = client_script(&folder, &["good.script.json", "--out", "out/new"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let transcript = fs::read_to_string(folder.join("out/new/good.transcript.json")).expect("a transcript");
    assert!(transcript.starts_with("{\n  \"name\": \"good\",\n  \"kafka\": \"4.1.1\",\n"), "{transcript}");
}

#[test]
fn a_folder_stands_for_its_scripts_and_a_bad_one_does_not_stop_the_others() {
    let bad = GOOD.replace("\"steps\": []", "\"steps\": [{\"at\": 0, \"node_dwon\": 0}]");
    let scripts = [("a.script.json", bad.as_str()), ("b.script.json", GOOD), ("c.json", "no script")];
    let folder = folder("many", &scripts);
    let output = client_script(&folder, &[".", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("a.script.json: steps[0]") && said.contains("`node_dwon`"), "{said}");
    assert!(!said.contains("c.json"), "{said}");
    assert!(folder.join("out/b.transcript.json").exists() && !folder.join("out/a.transcript.json").exists());
}

#[test]
fn what_cannot_be_read_or_would_be_overwritten_is_named() {
    let folder = folder("errors", &[("x.script.json", GOOD), ("x.json", GOOD)]);
    fs::create_dir_all(folder.join("empty")).expect("a new folder");
    let output = client_script(&folder, &["x.script.json", "x.json", "none.json", "empty", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    for expected in ["x.json: a script before it", "none.json: cannot be read", "empty: no file"] {
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn an_unknown_profile_is_bad_input() {
    let folder = folder("profile", &[("good.script.json", GOOD)]);
    let output = client_script(&folder, &["good.script.json", "--out", "out", "--profile", "kafka-9.9"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("kafka-4.1"), "{}", stderr(&output));
}
