//! Where scenarios come from: the library that the command carries with it, or a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sim_core::scenario::{Source, limits, properties_named};

use crate::error::CliError;

/// Every file of the library, by file name, ascending.
static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// The file of the library of this name, or else the file at this path; with the files that it names.
pub(crate) fn open(name: &str) -> Result<Source, CliError> {
    if let Some(text) = embedded(&format!("{name}.toml")) {
        return Ok(with_properties(Source::new(&format!("{name}.toml"), text), |path| {
            embedded(path).map(|text| text.as_bytes().to_vec())
        }));
    }
    let path = Path::new(name);
    if !looks_like_a_path(name) && !path.is_file() {
        return Err(unknown(name));
    }
    let bytes = read_up_to(path, limits::FILE_BYTES).map_err(CliError::read(path))?;
    let source = Source { name: name.to_owned(), bytes, ..Source::default() };
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    Ok(with_properties(source, |path| read_up_to(&folder.join(path), limits::FILE_BYTES).ok()))
}

/// A file, but no more of it than it takes to see that it is too long.
pub(crate) fn read_up_to(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads the `.properties` files that a scenario names; one that cannot be read is reported by the scenario's reader, at
/// the line that names it.
fn with_properties(mut source: Source, read: impl Fn(&str) -> Option<Vec<u8>>) -> Source {
    for path in properties_named(&source.bytes) {
        if let Some(bytes) = read(&path) {
            source.properties.insert(path, bytes);
        }
    }
    source
}

/// The names of the scenarios in the library.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().filter_map(|(file, _)| file.strip_suffix(".toml"))
}

fn embedded(file: &str) -> Option<&'static str> {
    FILES.iter().find(|(name, _)| *name == file).map(|(_, text)| *text)
}

fn looks_like_a_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name.ends_with(".toml")
}

fn unknown(name: &str) -> CliError {
    let nearest = nearest(name, names());
    let advice = match nearest {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => {
            "see `inflight list` for the library; a file is given by its path, as in ./mine.toml".to_owned()
        }
    };
    CliError::input(format!("there is no scenario {name:?}: {advice}"))
}

/// The word that takes the fewest changes of a letter to become this one, if it takes few.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = word.chars().count().div_ceil(3);
    known
        .map(|other| (distance(word, other), other))
        .filter(|(far, _)| *far <= most)
        .min()
        .map(|(_, other)| other)
}

/// Insertions, deletions and replacements from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (done, letter) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], done + 1);
        for (at, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_if_it_is_near() {
        let words = ["lost-ack-duplicates", "acks-latency", "first-record"];
        assert_eq!(nearest("lost-ack-duplicate", words.into_iter()), Some("lost-ack-duplicates"));
        assert_eq!(nearest("frist-record", words.into_iter()), Some("first-record"));
        assert_eq!(nearest("something-else", words.into_iter()), None);
    }

    #[test]
    fn distances_count_single_changes() {
        assert_eq!((distance("abc", "abc"), distance("abc", "axc"), distance("", "abc")), (0, 1, 3));
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn what_is_neither_in_the_library_nor_a_path_is_an_error_with_advice() {
        let error = open("no-such-thing-anywhere").unwrap_err().to_string();
        assert!(error.contains("no-such-thing-anywhere") && error.contains("inflight list"), "{error}");
    }
}
