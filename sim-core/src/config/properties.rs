//! `.properties` files, read as `java.util.Properties.load(Reader)` reads them, odd corners included.

use std::iter::Peekable;
use std::str::Chars;
use std::sync::Arc;

use crate::config::given::{Origin, Settings};

/// One entry of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Its key, unescaped.
    pub key: String,
    /// Its value, unescaped; blanks at its end are part of it.
    pub value: String,
    /// The line where it begins, counted from 1.
    pub line: u32,
}

/// A file that Java would not load.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PropertiesError {
    /// A `\u` without four hexadecimal digits: Java throws `IllegalArgumentException`.
    #[error("IllegalArgumentException: Malformed \\uxxxx encoding.")]
    MalformedEscape {
        /// The line where the entry begins.
        line: u32,
    },
    /// The bytes are no text.
    #[error("the file is not UTF-8 text: byte {byte:#04x} does not belong here")]
    NotUtf8 {
        /// The line of the first byte that is wrong.
        line: u32,
        /// That byte.
        byte: u8,
    },
}

impl PropertiesError {
    /// The line to look at, counted from 1.
    pub fn line(&self) -> u32 {
        match self {
            PropertiesError::MalformedEscape { line } | PropertiesError::NotUtf8 { line, .. } => *line,
        }
    }

    /// What to write instead.
    pub fn instead(&self) -> &'static str {
        match self {
            PropertiesError::MalformedEscape { .. } => {
                "write four hexadecimal digits after \\u, or \\\\ for a backslash (a Windows path needs two each)"
            }
            PropertiesError::NotUtf8 { .. } => {
                "save the file as UTF-8, or write other letters as \\u and four hexadecimal digits"
            }
        }
    }
}

/// The text of a file's bytes.
///
/// # Errors
/// [`PropertiesError::NotUtf8`].
pub fn decode_properties(bytes: &[u8]) -> Result<&str, PropertiesError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let (good, rest) = bytes.split_at(error.valid_up_to());
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count() as u32;
        PropertiesError::NotUtf8 { line, byte: rest.first().copied().unwrap_or_default() }
    })
}

/// The entries of a file, in its order; of the same key only the last one, which is the one that Java keeps.
///
/// # Errors
/// [`PropertiesError::MalformedEscape`].
pub fn parse_properties(text: &str) -> Result<Vec<Property>, PropertiesError> {
    let mut lines = LineReader::new(text);
    let mut properties: Vec<Property> = Vec::new();
    while let Some((logical, line)) = lines.next_line() {
        let (key, value) = split(&logical);
        let unescape = |part| unescape(part).ok_or(PropertiesError::MalformedEscape { line });
        let property = Property { key: unescape(key)?, value: unescape(value)?, line };
        properties.retain(|earlier| earlier.key != property.key);
        properties.push(property);
    }
    Ok(properties)
}

impl Settings {
    /// What a `.properties` file sets.
    ///
    /// # Errors
    /// As [`parse_properties`].
    pub fn from_properties(file: &str, text: &str) -> Result<Settings, PropertiesError> {
        let file: Arc<str> = file.into();
        let mut settings = Settings::new();
        for Property { key, value, line } in parse_properties(text)? {
            settings.push(key, value, Origin::Properties { file: file.clone(), line });
        }
        Ok(settings)
    }
}

/// Java's `Properties.LineReader`: natural lines joined to logical ones, without comments and blank lines.
struct LineReader<'a> {
    chars: Peekable<Chars<'a>>,
    line: u32,
}

impl<'a> LineReader<'a> {
    fn new(text: &'a str) -> LineReader<'a> {
        LineReader { chars: text.chars().peekable(), line: 1 }
    }

    /// The next logical line, still escaped, and the natural line where it begins.
    fn next_line(&mut self) -> Option<(Vec<char>, u32)> {
        let mut logical = Vec::new();
        let mut begin = self.line;
        let mut after_backslash = false;
        let mut skip_blanks = true;
        let mut is_continued = false;
        while let Some(c) = self.next_char() {
            if skip_blanks {
                if is_blank(c) || (is_end(c) && !is_continued) {
                    continue;
                }
                skip_blanks = false;
                is_continued = false;
            }
            if logical.is_empty() {
                begin = if is_end(c) { self.line - 1 } else { self.line };
                if matches!(c, '#' | '!') {
                    self.skip_comment();
                    skip_blanks = true;
                    continue;
                }
            }
            if !is_end(c) {
                logical.push(c);
                after_backslash = c == '\\' && !after_backslash;
                continue;
            }
            if logical.is_empty() {
                skip_blanks = true;
                continue;
            }
            if !after_backslash {
                return Some((logical, begin));
            }
            logical.pop();
            after_backslash = false;
            if self.chars.peek().is_none() {
                return Some((logical, begin));
            }
            (skip_blanks, is_continued) = (true, true);
        }
        if logical.is_empty() {
            return None;
        }
        if after_backslash {
            logical.pop();
        }
        Some((logical, begin))
    }

    /// The next character; a CR LF is one LF.
    fn next_char(&mut self) -> Option<char> {
        let mut c = self.chars.next()?;
        if c == '\r' && self.chars.peek() == Some(&'\n') {
            c = '\n';
            self.chars.next();
        }
        if is_end(c) {
            self.line += 1;
        }
        Some(c)
    }

    fn skip_comment(&mut self) {
        while self.next_char().is_some_and(|c| !is_end(c)) {}
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

fn is_end(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

/// Key and value of a logical line: the key ends at the first `=`, `:` or blank that is not escaped.
fn split(line: &[char]) -> (&[char], &[char]) {
    let mut after_backslash = false;
    let mut end = line.len();
    for (at, &c) in line.iter().enumerate() {
        if !after_backslash && (is_blank(c) || matches!(c, '=' | ':')) {
            end = at;
            break;
        }
        after_backslash = c == '\\' && !after_backslash;
    }
    let (key, mut rest) = line.split_at(end);
    let mut has_separator = false;
    while let [first, others @ ..] = rest {
        if matches!(first, '=' | ':') && !has_separator {
            has_separator = true;
        } else if !is_blank(*first) {
            break;
        }
        rest = others;
    }
    (key, rest)
}

/// Resolves `\t`, `\n`, `\r`, `\f`, `\uXXXX` (UTF-16, so that two make one letter beyond 65535) and drops other
/// backslashes; none: malformed.
fn unescape(text: &[char]) -> Option<String> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut chars = text.iter().copied();
    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => match chars.next() {
                Some('u') => {
                    units.push(four_digits(&mut chars)?);
                    continue;
                }
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some(other) => other,
                None => break,
            },
            plain => plain,
        };
        units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    }
    Some(String::from_utf16_lossy(&units))
}

fn four_digits(chars: &mut impl Iterator<Item = char>) -> Option<u16> {
    (0..4).try_fold(0_u16, |unit, _| Some(unit << 4 | chars.next()?.to_digit(16)? as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<(String, String)> {
        let properties = parse_properties(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        properties.into_iter().map(|property| (property.key, property.value)).collect()
    }

    fn check(text: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        assert_eq!(entries(text), expected, "{text:?}");
    }

    /// Each line as Java 17 loads it.
    #[test]
    fn separators_and_blanks() {
        for text in ["a=b", "a:b", "a b", "  a\t:\u{c} b", "a=b\n", "a\u{c}b", " \t a =b", "\u{c}a=b"] {
            check(text, &[("a", "b")]);
        }
        check("a = b ", &[("a", "b ")]);
        check("a==b", &[("a", "=b")]);
        check("a=:b", &[("a", ":b")]);
        check("a : = b", &[("a", "= b")]);
        check("a", &[("a", "")]);
        check("a=", &[("a", "")]);
        check("=b", &[("", "b")]);
        check(":b", &[("", "b")]);
        check("a  b  c", &[("a", "b  c")]);
        check("a\u{a0}b=c", &[("a\u{a0}b", "c")]);
        check("\u{b}a=b", &[("\u{b}a", "b")]);
        check("\u{feff}a=b", &[("\u{feff}a", "b")]);
    }

    #[test]
    fn comments_begin_a_logical_line() {
        for text in ["#c\na=b", "!c\na=b", " # c\na=b", "#x\\\na=b", "#\\u00\na=b"] {
            check(text, &[("a", "b")]);
        }
        check("a=b#c", &[("a", "b#c")]);
        check("a#b=c", &[("a#b", "c")]);
        check("a=b\\\n#c", &[("a", "b#c")]);
        check("a\\\n#b=c", &[("a#b", "c")]);
        check("\\\n#b=c", &[]);
        check("\\#a=b", &[("#a", "b")]);
        check("a=b\\\n!x\nc=d", &[("a", "b!x"), ("c", "d")]);
    }

    #[test]
    fn continued_lines() {
        for text in ["a=b\\\nc", "a=b\\\n   c", "a=b\\\r\n  c", "a=b\\\rc", "a=b\\\n\\\nc"] {
            check(text, &[("a", "bc")]);
        }
        check("a=b\\\\\nc=d", &[("a", "b\\"), ("c", "d")]);
        check("a=b\\\n\nc=d", &[("a", "b"), ("c", "d")]);
        check("a=b\\\n\r\nc", &[("a", "b"), ("c", "")]);
        check("a=b\\\r\r\nc", &[("a", "b"), ("c", "")]);
        check("a\\\nb=c", &[("ab", "c")]);
        check("a \\\n b", &[("a", "b")]);
        check("a\\\n =b", &[("a", "b")]);
        check("a=b\\\n  \\ c", &[("a", "b c")]);
        check("a=b \\\n c", &[("a", "b c")]);
        check("a=b\\ \nc=d", &[("a", "b "), ("c", "d")]);
        check("\\\n a=b", &[("a", "b")]);
        check(" \\\n a=b", &[("a", "b")]);
        for (text, value) in [("a=b\\", "b"), ("a=b\\\n", "b")] {
            check(text, &[("a", value)]);
        }
        check("\\\n", &[("", "")]);
        check("\\", &[("", "")]);
        check("   \t\u{c}\n", &[]);
        check("a=b\n\n\r\n\rc=d", &[("a", "b"), ("c", "d")]);
    }

    #[test]
    fn escapes() {
        check("a\\ b=c", &[("a b", "c")]);
        check("a\\=b=c", &[("a=b", "c")]);
        check("a\\:b:c", &[("a:b", "c")]);
        check("a\\\\=b", &[("a\\", "b")]);
        check("a\\\\\\=b=c", &[("a\\=b", "c")]);
        check("\\ a=b", &[(" a", "b")]);
        check("a\\n=b", &[("a\n", "b")]);
        check("a=\\u0041", &[("a", "A")]);
        check("a=\\u00e9\\u00E9", &[("a", "éé")]);
        check("a=\\ud83d\\ude00", &[("a", "😀")]);
        check("\\u0041=b", &[("A", "b")]);
        check("a=\\t\\n\\r\\f|", &[("a", "\t\n\r\u{c}|")]);
        check("a=\\b\\z\\\"", &[("a", "bz\"")]);
        check("a=\\ b", &[("a", " b")]);
    }

    /// Half of a letter beyond 65535 is no text in Rust: it becomes the replacement character.
    #[test]
    fn half_a_surrogate_pair_is_replaced() {
        check("a=\\ud83d", &[("a", "\u{fffd}")]);
    }

    #[test]
    fn malformed_escapes_are_an_error_with_their_line() {
        for text in ["a=\\u004", "a=\\uZZZZ", "a=\\u", "a=\\uuu0041"] {
            let error = parse_properties(&format!("x=y\n\n{text}")).expect_err("malformed");
            assert_eq!(error, PropertiesError::MalformedEscape { line: 3 }, "{text}");
        }
    }

    #[test]
    fn the_last_of_the_same_key_counts() {
        check("a=1\nb=2\na=3", &[("b", "2"), ("a", "3")]);
    }

    #[test]
    fn entries_know_the_line_where_they_begin() {
        let text = "# one\n\nacks=all\r\nretries=\\\n  5\n linger.ms 7";
        let lines: Vec<u32> =
            parse_properties(text).expect("well-formed").iter().map(|property| property.line).collect();
        assert_eq!(lines, [3, 4, 6]);
    }

    #[test]
    fn other_encodings_are_refused_with_the_line() {
        let error = decode_properties(b"a=b\nclient.id=caf\xe9\n").expect_err("Latin-1");
        assert_eq!(error, PropertiesError::NotUtf8 { line: 2, byte: 0xe9 });
    }
}
