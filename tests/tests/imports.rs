//! Dependencies inside `sim-core` go one way: a module imports only what stands before it in the list of
//! `ARCHITECTURE.md`, under "Which way imports go".

use std::path::Path;

use inflight_tests::repository;

const MODEL: &str = "sim-core/src";

#[test]
fn every_import_goes_the_way_of_the_list() {
    let order = order();
    let place = |module: &str| order.iter().position(|known| known == module);
    let mut against = Vec::new();
    for import in imports() {
        let (Some(from), Some(to)) = (place(&import.module), place(&import.target)) else {
            panic!("{}: `{}` or `{}` is not in the list", import.at, import.module, import.target);
        };
        if to > from {
            against.push(format!("{}: `{}` knows `{}`", import.at, import.module, import.target));
        }
    }
    assert!(against.is_empty(), "against the order of ARCHITECTURE.md:\n{}", against.join("\n"));
}

#[test]
fn the_list_has_every_module_once_and_no_other() {
    let mut listed = order();
    listed.sort();
    let mut modules: Vec<String> = repository::files_below(MODEL)
        .iter()
        .map(|file| module_of(file))
        .filter(|module| module != "lib")
        .collect();
    modules.sort();
    modules.dedup();
    assert_eq!(listed, modules);
}

/// `super::super::…` could climb past its own module: from `a/b.rs` the second one is the crate.
#[test]
fn nobody_climbs_out_of_a_module() {
    let mut climbers = Vec::new();
    for file in repository::files_below(MODEL) {
        if file.ends_with("lib.rs") {
            continue;
        }
        let depth = depth_of(&file);
        let text = repository::text(&file);
        let mut inner = 0;
        for (number, line) in code_lines(&text) {
            if line.starts_with("mod ") && line.ends_with('{') {
                inner = 1;
            }
            if line.matches("super::").count() >= depth + inner {
                climbers.push(format!("{}:{number}: {}", file.display(), line.trim()));
            }
        }
    }
    assert!(climbers.is_empty(), "write `crate::` where it leaves the module:\n{}", climbers.join("\n"));
}

/// The finder sees what it is meant to see.
#[test]
fn imports_are_found_in_every_form() {
    let text = "use crate::time::Time;\npub(crate) use crate::{\n    record::{A, B},\n    trace,\n};\n// crate::comment\n\
                let x: crate::broker::Log = crate::chance::draw(); use super::crate_mate;\n";
    let found: Vec<String> = targets(text).into_iter().map(|(_, target)| target).collect();
    assert_eq!(found, ["time", "record", "trace", "broker", "chance"]);
}

/// One module naming another.
struct Import {
    module: String,
    target: String,
    at: String,
}

fn imports() -> Vec<Import> {
    let mut imports = Vec::new();
    for file in repository::files_below(MODEL) {
        let module = module_of(&file);
        if module == "lib" {
            continue;
        }
        for (line, target) in targets(&repository::text(&file)) {
            imports.push(Import { module: module.clone(), target, at: format!("{}:{line}", file.display()) });
        }
    }
    assert!(imports.len() > 100, "the finder finds next to nothing");
    imports
}

/// The modules that a text names by `crate::`, each with its line; a group `crate::{a, b::c}` names several.
fn targets(text: &str) -> Vec<(usize, String)> {
    let code: String = code_lines(text).map(|(number, line)| format!("\u{1}{number}\u{2}{line}\n")).collect();
    let line_at = |at: usize| {
        let number = code[..at].rsplit('\u{1}').next().and_then(|rest| rest.split('\u{2}').next());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$') {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(group) => found.extend(first_names(group).into_iter().map(|name| (line_at(at), name))),
            None => found.push((line_at(at), name_of(rest))),
        }
    }
    found
}

/// The first name of each path of a group whose opening brace has been read.
fn first_names(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut expected) = (0, true);
    let mut rest = group.char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '\u{1}' => while rest.next().is_some_and(|(_, c)| c != '\u{2}') {},
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expected = true,
            c if expected && depth == 0 && c.is_alphabetic() => {
                names.push(name_of(&group[at..]));
                expected = false;
            }
            _ => {}
        }
    }
    names
}

fn name_of(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The lines of a text without its comments, numbered from 1.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
}

/// The module at the top of the crate that a file belongs to.
fn module_of(file: &Path) -> String {
    let below = file.strip_prefix(MODEL).expect("a file of the model");
    let first = below.components().next().expect("a file has a name");
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// How many names a file's own module path has: 2 for `a/b.rs`, 1 for `a/mod.rs`, 3 for `a/b_tests.rs`, the tests of `b`.
fn depth_of(file: &Path) -> usize {
    let names = file.strip_prefix(MODEL).expect("a file of the model").components().count();
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match name {
        "mod.rs" => names - 1,
        name if name.ends_with("_tests.rs") => names + 1,
        _ => names,
    }
}

/// The list of `ARCHITECTURE.md`: the words of the block below its heading.
fn order() -> Vec<String> {
    let page = repository::text(Path::new("ARCHITECTURE.md"));
    let section = page.split("## Which way imports go").nth(1).expect("the heading of the list");
    let block = section.split("```").nth(1).expect("the list is a block");
    block.split_whitespace().map(str::to_owned).collect()
}
