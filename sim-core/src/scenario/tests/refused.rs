//! What this program does not do yet is an error, and what no program can read is one too.

use super::{LEAST, Overrides, Scenario, Source, errors};
use crate::scenario::limits;

/// The words about what is not modelled, of the only problems there are.
#[track_caller]
fn not_modelled(text: &str, expected: &[&str]) {
    let errors = errors(text);
    let expected: Vec<String> = expected.iter().map(|what| format!("{what} is not modelled yet")).collect();
    assert_eq!(errors.errors.iter().map(|error| error.message.clone()).collect::<Vec<_>>(), expected);
}

#[test]
fn settings_that_are_not_modelled() {
    not_modelled(
        &format!("{LEAST}config = {{ \"transactional.id\" = \"t\" }}\n"),
        &["`transactional.id` (transactions)"],
    );
    not_modelled(
        &format!(
            "{LEAST}[[consumers]]\nid = \"a\"\ntopics = [\"orders\"]\nconfig = {{ \"group.id\" = \"g\" }}\n"
        ),
        &["`group.id` (consumer groups)"],
    );
}

#[test]
fn parts_that_are_not_modelled() {
    not_modelled(
        &format!("{LEAST}[[producers.sends]]\ntopic = \"orders\"\ntransaction = {{ end = \"commit\" }}\n"),
        &["`transaction`"],
    );
    not_modelled(
        &format!("cluster.features = {{ \"metadata.version\" = 20 }}\n{LEAST}"),
        &["the feature `metadata.version`"],
    );
}

fn refusal(bytes: &[u8]) -> (u32, u32, String) {
    let source = Source { name: "a.toml".to_owned(), bytes: bytes.to_vec(), ..Source::default() };
    let errors = Scenario::load(&source, &Overrides::default()).expect_err("not a scenario");
    let first = &errors.errors[0];
    (first.line, first.column, first.message.clone())
}

#[test]
fn bytes_that_are_no_text() {
    assert_eq!(refusal(b"seed = 1\nstop = \"\xff\""), (2, 9, "byte 18 is not UTF-8".to_owned()));
    let marked = [b"\xef\xbb\xbf", LEAST.as_bytes()].concat();
    let source = Source { name: "a.toml".to_owned(), bytes: marked, ..Source::default() };
    assert!(Scenario::load(&source, &Overrides::default()).is_ok(), "a byte order mark is no mistake");
}

#[test]
fn a_file_that_is_too_large() {
    let bytes = vec![b'#'; limits::FILE_BYTES + 1];
    assert_eq!(refusal(&bytes).2, "the file has 4194305 bytes, more than the limit of 4194304 (4 MiB)");
}

/// Depth is refused before anything recursive looks at it.
#[test]
fn nesting_that_is_too_deep() {
    let depth = 100_000;
    refusal(format!("a = {}{}", "[".repeat(depth), "]".repeat(depth)).as_bytes());
    refusal(format!("a = {}1{}", "{ a = ".repeat(depth), " }".repeat(depth)).as_bytes());
    refusal(format!("{} = 1", vec!["a"; depth].join(".")).as_bytes());
    refusal(format!("[{}]", vec!["a"; depth].join(".")).as_bytes());
}

/// The largest files that there may be, made of what is most work to read, come to an end.
#[test]
fn large_files_of_mistakes() {
    let fill = |line: &str| line.repeat(500_000 / line.len());
    refusal((0..30_000).map(|n| format!("k{n} = 1\n")).collect::<String>().as_bytes());
    refusal(fill("[[topics]]\n").as_bytes());
    refusal(fill("[[producers]]\n").as_bytes());
    refusal(fill("[[producers.sends]]\n").as_bytes());
    refusal(format!("{LEAST}[[consumers]]\nid = \"a\"\ntopics = [{}]", fill("\"x\",")).as_bytes());
    refusal(
        format!("{LEAST}[[producers.sends]]\ntopic = \"orders\"\nat = [{}]", fill("\"9s\",\"1s\","))
            .as_bytes(),
    );
    refusal(
        format!("{LEAST}config = {{ {} }}", (0..30_000).map(|n| format!("k{n} = 1,")).collect::<String>())
            .as_bytes(),
    );
}
