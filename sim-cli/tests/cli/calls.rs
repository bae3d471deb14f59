//! The command as a user calls it.

use std::process::{Command, Output};

/// Runs `inflight` with these arguments, away from the user's locale and colours.
pub(crate) fn inflight(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inflight"));
    for variable in ["LANG", "LC_ALL", "LC_MESSAGES", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command.args(args).output().expect("the command runs")
}

/// What it printed, of a call that must succeed.
pub(crate) fn printed(args: &[&str]) -> String {
    let output = inflight(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    text(&output.stdout)
}

/// What it complained about, of a call that must end with this exit code.
pub(crate) fn complaint(args: &[&str], code: i32) -> String {
    let output = inflight(args);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
    text(&output.stderr)
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("what is printed is UTF-8")
}
