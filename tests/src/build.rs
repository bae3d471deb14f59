//! Builds of our own crates from within a test, and programs run on them.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::repository;

/// `cargo build --release` with these arguments, into the workspace's own target folder (so it is there already if a
/// release build came before), and without what a coverage run does to builds; the folder of the result.
///
/// # Panics
/// If it does not build.
pub fn release(arguments: &[&str]) -> PathBuf {
    let target = repository::root().join("target");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(repository::root()).args(["build", "--release", "--locked", "--quiet", "--target-dir"]);
    cargo.arg(&target).args(arguments);
    for (name, _) in env::vars_os().filter(|(name, _)| changes_a_build(&name.to_string_lossy())) {
        cargo.env_remove(name);
    }
    let status = cargo.status().expect("cargo runs");
    assert!(status.success(), "cargo build --release {} failed", arguments.join(" "));
    target
}

/// Variables by which a coverage run instruments a build or sends it elsewhere.
fn changes_a_build(name: &str) -> bool {
    ["RUSTFLAGS", "RUSTC_W", "LLVM_COV", "LLVM_PROFILE", "TARGET_DIR", "CARGO_PROFILE", "CARGO_BUILD_TARGET"]
        .iter()
        .any(|part| name.contains(part))
}

/// Runs a program with this text as its standard input: its standard output.
///
/// # Panics
/// If it cannot be run, or fails.
pub fn output(program: &Path, arguments: &[&Path], input: &str) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    stdin.write_all(input.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    drop(stdin);
    let output = child.wait_with_output().expect("a child can be waited for");
    assert!(output.status.success(), "{} failed: {}", program.display(), output.status);
    String::from_utf8(output.stdout).expect("standard output is text")
}
