//! The texts that a scenario comes from, and places in them.

use std::collections::BTreeMap;

/// A scenario file as it was found: nothing of it has been looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The file's name as errors show it; the last part without `.toml` is the scenario's name.
    pub name: String,
    /// What the file holds.
    pub bytes: Vec<u8>,
    /// Texts of the `.properties` files that it names, by the path as the file writes it
    /// (see [`super::properties_named`]).
    pub properties: BTreeMap<String, Vec<u8>>,
}

impl Source {
    /// A scenario that names no other file.
    pub fn new(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), bytes: text.as_bytes().to_vec(), properties: BTreeMap::new() }
    }

    /// The scenario's name: the last part of the file's, without its ending.
    pub fn scenario_name(&self) -> &str {
        let last = self.name.rsplit(['/', '\\']).next().unwrap_or_default();
        last.strip_suffix(".toml").unwrap_or(last)
    }
}

/// A place in one of the texts: bytes `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    /// Which text, by its place in [`Texts`].
    pub(crate) text: u32,
    /// First byte.
    pub(crate) start: u32,
    /// Byte behind the last one.
    pub(crate) end: u32,
}

/// The texts of one reading: the file first, then what the command line and `.properties` files brought.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    texts: Vec<Text>,
}

#[derive(Clone, Debug)]
struct Text {
    name: String,
    content: String,
    /// Where each line starts.
    lines: Vec<u32>,
}

impl Texts {
    /// Takes up a text under the name that errors show.
    pub(crate) fn add(&mut self, name: &str, content: &str) -> u32 {
        let newlines = content.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let lines = std::iter::once(0).chain(newlines.map(|(at, _)| at as u32 + 1)).collect();
        self.texts.push(Text { name: name.to_owned(), content: content.to_owned(), lines });
        self.texts.len() as u32 - 1
    }

    /// The line of a place, from 1.
    pub(crate) fn line(&self, at: At) -> u32 {
        self.texts.get(at.text as usize).map_or(1, |text| text.line(at.start))
    }

    /// The place of a line of a text.
    pub(crate) fn line_place(&self, text: u32, line: u32) -> At {
        let place = || {
            let whole = self.texts.get(text as usize)?;
            let start = *whole.lines.get(line.saturating_sub(1) as usize)?;
            let end = whole.lines.get(line as usize).map_or(whole.content.len() as u32, |next| next - 1);
            Some(At { text, start, end })
        };
        place().unwrap_or(At { text, start: 0, end: 0 })
    }

    /// The text's name, the line and column (from 1, in characters) of a place, and the line with a mark below it.
    pub(crate) fn spot(&self, at: At) -> Spot {
        let Some(whole) = self.texts.get(at.text as usize) else {
            return Spot { file: String::new(), line: 1, column: 1, snippet: Snippet::default() };
        };
        let text = whole.content.as_str();
        let start = floor_boundary(text, at.start as usize);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let line = text[line_start..line_end].trim_end_matches('\r');
        let end = floor_boundary(text, (at.end as usize).max(start)).min(line_start + line.len()).max(start);
        let marked = text[start..end].chars().count().max(1);
        let before = text[line_start..start].chars().count();
        Spot {
            file: whole.name.clone(),
            line: whole.line(start as u32),
            column: before as u32 + 1,
            snippet: Snippet::cut(line, before, marked),
        }
    }
}

impl Text {
    fn line(&self, at: u32) -> u32 {
        self.lines.partition_point(|&start| start <= at) as u32
    }
}

/// The largest character boundary that is not behind `at`.
fn floor_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// Where a place is, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) snippet: Snippet,
}

/// A line of a text and the mark below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snippet {
    pub(crate) line: String,
    pub(crate) mark: String,
}

/// Characters of a line that are shown; a longer one is cut around the mark.
const SHOWN: usize = 120;

impl Snippet {
    /// Marks `marked` characters behind the first `before` of the line.
    fn cut(line: &str, before: usize, marked: usize) -> Snippet {
        let from = before.saturating_sub(SHOWN / 2);
        let mut shown: String = line.chars().skip(from).take(SHOWN).collect();
        let marked_shown = marked.min(SHOWN - (before - from));
        let mut mark = String::new();
        if from > 0 {
            shown.insert_str(0, "... ");
            mark.push_str("    ");
        }
        for c in line.chars().skip(from).take(before - from) {
            // A tab stays one, so that the mark stands right however wide it is shown.
            mark.push_str(if c == '\t' { "\t" } else { [" ", "  "][columns(c) - 1] });
        }
        let under: usize = line.chars().skip(before).take(marked_shown).map(columns).sum();
        mark.push_str(&"^".repeat(under.max(1)));
        Snippet { line: shown.replace(|c: char| c.is_control() && c != '\t', " "), mark }
    }
}

/// How wide a terminal shows a character: Hangul, Han, kana and full-width forms take two columns.
fn columns(c: char) -> usize {
    let wide = matches!(u32::from(c),
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f
        | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd);
    if wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(text: &str, start: usize, end: usize) -> Spot {
        let mut texts = Texts::default();
        texts.add("a.toml", text);
        texts.spot(At { text: 0, start: start as u32, end: end as u32 })
    }

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let spot = spot("a = 1\n제목 = x\n", 13, 14);
        assert_eq!((spot.line, spot.column), (2, 4));
        assert_eq!((spot.snippet.line.as_str(), spot.snippet.mark.as_str()), ("제목 = x", "     ^"));
    }

    #[test]
    fn a_place_at_the_end_of_the_text_still_has_a_mark() {
        let spot = spot("a =", 3, 3);
        assert_eq!((spot.line, spot.column, spot.snippet.mark.as_str()), (1, 4, "   ^"));
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let spot = spot(&"x".repeat(10_000), 5_000, 9_000);
        assert_eq!(spot.column, 5_001);
        assert_eq!(spot.snippet.line.len(), 4 + SHOWN);
        assert_eq!(spot.snippet.mark.find('^'), Some(4 + SHOWN / 2));
        assert_eq!(spot.snippet.mark.len(), spot.snippet.line.len());
    }

    #[test]
    fn the_name_is_the_last_part_without_its_ending() {
        assert_eq!(Source::new("scenarios/lost-ack.toml", "").scenario_name(), "lost-ack");
        assert_eq!(Source::new("lost-ack", "").scenario_name(), "lost-ack");
    }
}
