//! Reads a list of runs from standard input and prints the hashes of their traces: what a build of this machine makes of
//! them.

use std::io::{self, Read};

use inflight_tests::hashes::Case;

fn main() {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).expect("standard input is text");
    let cases: Vec<Case> = serde_json::from_str(&text).expect("a list of runs");
    let hashes: Vec<String> = cases.iter().map(Case::hash).collect();
    println!("{}", serde_json::to_string(&hashes).expect("texts are JSON"));
}
