//! The house rules that no compiler checks.

use std::path::PathBuf;

use inflight_tests::repository;

/// What we write by hand, by the end of its name; a lock file, a licence, a table of data or a golden transcript is not.
const WRITTEN: [&str; 12] =
    [".rs", ".toml", ".md", ".sh", ".ts", ".js", ".mjs", ".svelte", ".css", ".html", ".py", ".yml"];

/// Scripts whose names have no end.
const SCRIPTS: [&str; 2] = ["test", ".ci/run"];

const LINES: usize = 800;

#[test]
fn no_file_is_too_long_to_read() {
    let long: Vec<String> = written()
        .iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES)
        .map(|(file, lines)| format!("{}: {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "over {LINES} lines, one file one subject:\n{}", long.join("\n"));
}

/// Work that is left belongs to the issues.
#[test]
fn nothing_is_left_for_later() {
    let marks = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["HA", "CK"]].map(|halves| halves.concat());
    none_has(&marks, |before, after| !before.is_alphanumeric() && !after.is_alphanumeric());
}

#[test]
fn no_path_of_one_machine() {
    let paths =
        [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"], ["/Us", "ers/"]].map(|halves| halves.concat());
    none_has(&paths, |before, _| !before.is_alphanumeric() && before != '/' && before != '.');
}

/// Packages come by their names, from wherever the client is set up to get them.
#[test]
fn no_name_of_a_registry_s_host() {
    let hosts = [
        ["crates", ".io"],
        ["npm", "js."],
        ["py", "pi.org"],
        ["pythonhos", "ted.org"],
        ["maven", ".org"],
        ["proxy.go", "lang.org"],
        ["deb", "ian.org"],
    ];
    none_has(&hosts.map(|halves| halves.concat()), |_, _| true);
}

/// Fails with every line that has one of these words with such neighbours.
fn none_has(words: &[String], neighbours: impl Fn(char, char) -> bool) {
    let mut found = Vec::new();
    for (file, text) in written() {
        for (number, line) in (1..).zip(text.lines()) {
            let has = |word: &String| {
                line.match_indices(word.as_str()).any(|(at, word)| {
                    let before = line[..at].chars().next_back().unwrap_or(' ');
                    let after = line[at + word.len()..].chars().next().unwrap_or(' ');
                    neighbours(before, after)
                })
            };
            if words.iter().any(has) {
                found.push(format!("{}:{number}: {}", file.display(), line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn written() -> Vec<(PathBuf, String)> {
    let ours = |file: &PathBuf| {
        let name = file.to_string_lossy();
        SCRIPTS.contains(&&*name) || WRITTEN.iter().any(|end| name.ends_with(end))
    };
    let files: Vec<PathBuf> = repository::files_below("").into_iter().filter(ours).collect();
    assert!(files.len() > 100, "the walk finds next to nothing");
    files
        .into_iter()
        .map(|file| {
            let text = repository::text(&file);
            (file, text)
        })
        .collect()
}
