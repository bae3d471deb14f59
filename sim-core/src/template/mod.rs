//! Texts with placeholders: `customer-{i % 12}`, parsed once and filled in for every record.
//!
//! | placeholder | what stands there |
//! | --- | --- |
//! | `{i}` | the record's place in its stream, from 0 |
//! | `{i + 1}`, `{i - 1}`, `{i * 2}`, `{i / 4}`, `{i % 4}` | one operation on it; division is of whole numbers |
//! | `{random 100}` | a number from 0 to 99, each as likely |
//! | `{zipf 100 1.1}` | a number from 0 to 99, the k-th one with a weight of 1 / k^1.1 |
//!
//! Only a brace with a letter right behind it begins a placeholder, so JSON needs no escapes; `{{` is a brace wherever one
//! would be needed before a letter.

mod placeholder;
mod zipf;

use crate::chance::Chance;
use placeholder::Placeholder;
pub(crate) use placeholder::{Draws, TemplateStreams};

/// A text with its placeholders taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(Box<str>),
    Placeholder(Placeholder),
}

/// A template that gives a whole number: a number, or one placeholder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumberTemplate {
    number: Number,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    Constant(i64),
    Placeholder(Placeholder),
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TemplateError {
    /// No `}` behind a `{`.
    #[error("`{{{rest}` has no closing brace: write `}}`, or `{{{{` for a brace that is meant as one")]
    Unclosed {
        /// What stands behind the brace.
        rest: String,
    },
    /// Not one of the placeholders.
    #[error(
        "`{{{placeholder}}}` is no placeholder: write `{{i}}`, `{{i % 4}}`, `{{random 100}}` or `{{zipf 100 1.1}}`, or \
         `{{{{` for a brace that is meant as one"
    )]
    Unknown {
        /// What stands between the braces.
        placeholder: String,
    },
    /// A placeholder's number is out of range.
    #[error("`{{{placeholder}}}`: {what} must be {range}")]
    OutOfRange {
        /// What stands between the braces.
        placeholder: String,
        /// Which of its numbers.
        what: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// Text where a number is wanted.
    #[error("`{text}` is not a whole number: write one, or one placeholder such as `{{i % 3}}`")]
    NotANumber {
        /// The whole template.
        text: String,
    },
}

impl Template {
    /// Takes a text apart.
    ///
    /// # Errors
    /// The first placeholder that is none.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let (before, from_brace) = rest.split_at(at);
            plain.push_str(before);
            let inside = &from_brace[1..];
            if let Some(behind) = inside.strip_prefix('{') {
                plain.push('{');
                rest = behind;
            } else if inside.starts_with(|first: char| first.is_ascii_alphabetic()) {
                let Some((placeholder, behind)) = inside.split_once('}') else {
                    return Err(TemplateError::Unclosed { rest: inside.to_owned() });
                };
                push_text(&mut parts, &mut plain);
                parts.push(Part::Placeholder(Placeholder::parse(placeholder)?));
                rest = behind;
            } else {
                plain.push('{');
                rest = inside;
            }
        }
        plain.push_str(rest);
        push_text(&mut parts, &mut plain);
        Ok(Template { parts })
    }

    /// Whether every record has the same text.
    pub(crate) fn is_constant(&self) -> bool {
        self.placeholders().next().is_none()
    }

    /// How many numbers a record draws for it.
    pub(crate) fn draws(&self) -> usize {
        self.placeholders().filter(|placeholder| placeholder.draws()).count()
    }

    /// Draws a record's numbers, behind those that are there.
    pub(crate) fn draw(&self, chance: &mut dyn Chance, streams: TemplateStreams, into: &mut Vec<u32>) {
        self.placeholders().for_each(|placeholder| placeholder.draw(chance, streams, into));
    }

    /// Appends the text of the record at this place of its stream, with the numbers that were drawn for it.
    pub(crate) fn render(&self, index: u32, drawn: &[u32], into: &mut String) {
        let mut drawn = drawn.iter();
        for part in &self.parts {
            match part {
                Part::Text(text) => into.push_str(text),
                Part::Placeholder(placeholder) => push_number(placeholder.value(index, &mut drawn), into),
            }
        }
    }

    pub(crate) fn placeholders_draw(&self) -> Draws {
        self.placeholders().fold(Draws::default(), Draws::with)
    }

    fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Placeholder(placeholder) => Some(placeholder),
        })
    }
}

impl NumberTemplate {
    /// The same number for every record.
    pub(crate) fn constant(number: i64) -> NumberTemplate {
        NumberTemplate { number: Number::Constant(number) }
    }

    /// Takes apart a whole number or a single placeholder.
    ///
    /// # Errors
    /// The placeholder is none, or there is something else.
    pub fn parse(text: &str) -> Result<NumberTemplate, TemplateError> {
        let template = Template::parse(text)?;
        let number = match template.parts.as_slice() {
            [Part::Placeholder(placeholder)] => Some(Number::Placeholder(*placeholder)),
            [Part::Text(text)] => text.trim().parse().ok().map(Number::Constant),
            _ => None,
        };
        match number {
            Some(number) => Ok(NumberTemplate { number }),
            None => Err(TemplateError::NotANumber { text: text.to_owned() }),
        }
    }

    /// How many numbers a record draws for it: none or one.
    pub(crate) fn draws(&self) -> usize {
        match &self.number {
            Number::Placeholder(placeholder) => usize::from(placeholder.draws()),
            Number::Constant(_) => 0,
        }
    }

    /// Draws a record's number, if it is drawn, behind those that are there.
    pub(crate) fn draw(&self, chance: &mut dyn Chance, streams: TemplateStreams, into: &mut Vec<u32>) {
        if let Number::Placeholder(placeholder) = &self.number {
            placeholder.draw(chance, streams, into);
        }
    }

    /// The number of the record at this place of its stream, with what was drawn for it.
    pub(crate) fn value(&self, index: u32, drawn: &[u32]) -> i64 {
        match &self.number {
            Number::Constant(number) => *number,
            Number::Placeholder(placeholder) => placeholder.value(index, &mut drawn.iter()),
        }
    }

    /// The smallest number that any record can have.
    pub fn smallest(&self) -> i64 {
        match self.number {
            Number::Constant(number) => number,
            Number::Placeholder(placeholder) => placeholder.smallest(),
        }
    }

    /// Whether every record has the same number.
    pub(crate) fn is_constant(&self) -> bool {
        matches!(self.number, Number::Constant(_))
    }

    pub(crate) fn placeholders_draw(&self) -> Draws {
        match &self.number {
            Number::Constant(_) => Draws::default(),
            Number::Placeholder(placeholder) => Draws::default().with(placeholder),
        }
    }
}

fn push_text(parts: &mut Vec<Part>, plain: &mut String) {
    if !plain.is_empty() {
        parts.push(Part::Text(std::mem::take(plain).into_boxed_str()));
    }
}

/// A number in decimal, without the machinery of `fmt`: keys are rendered for every record.
fn push_number(number: i64, into: &mut String) {
    if number < 0 {
        into.push('-');
    }
    let mut digits = [0; 20];
    let mut rest = number.unsigned_abs();
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    into.extend(digits[first..].iter().map(|&digit| char::from(digit)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Script, Scripted};

    fn template(text: &str) -> Template {
        Template::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn rendered(text: &str, index: u32) -> String {
        let mut out = String::new();
        template(text).render(index, &[], &mut out);
        out
    }

    /// `scenario-format.md`, `key`: `{i}`, `{i + 1}`, `{i % 4}`, and the other operators.
    #[test]
    fn the_index_and_one_operation() {
        assert_eq!(rendered("customer-{i}", 7), "customer-7");
        assert_eq!(rendered("{i + 1}/{i%4}", 7), "8/3");
        assert_eq!(rendered("{i * 2} {i / 2} {i - 9}", 7), "14 3 -2");
        assert_eq!(rendered("{i * 2147483647}", u32::MAX), "9223372030412324865");
        assert_eq!(rendered("plain", 7), "plain");
        assert_eq!(rendered("", 7), "");
    }

    #[test]
    fn json_needs_no_escapes() {
        assert_eq!(rendered(r#"{"id": {i}, "of": {"n": {}}}"#, 3), r#"{"id": 3, "of": {"n": {}}}"#);
        assert_eq!(rendered("{{i} { i } {", 3), "{i} { i } {");
    }

    /// `scenario-format.md`, `key`: `{random 100}` and `{zipf 100 1.1}`, drawn in their order, each from its stream.
    #[test]
    fn drawn_numbers_stand_where_they_were_drawn_for() {
        let template = template("{random 10}-{zipf 5 1.1}-{random 1000}");
        let mut chance =
            Scripted::new().with("random", Script::List(vec![7, 123])).with("zipf", Script::Always(0));
        let streams = TemplateStreams {
            random: Some(chance.stream(format_args!("random"))),
            zipf: Some(chance.stream(format_args!("zipf"))),
        };
        let mut drawn = Vec::new();
        template.draw(&mut chance, streams, &mut drawn);
        assert_eq!((template.draws(), drawn.len()), (3, 3));
        let mut out = String::new();
        template.render(0, &drawn, &mut out);
        // A uniform number of 0 is the far end of the inverted area: the last rank.
        assert_eq!(out, "7-4-123");
    }

    #[test]
    fn constant_texts_are_known_as_such() {
        assert!(template("{\"a\": 1}").is_constant() && !template("{i}").is_constant());
    }

    #[test]
    fn what_is_no_placeholder_is_an_error_that_says_what_to_write() {
        for (text, message) in [
            ("{j}", "`{j}` is no placeholder: write `{i}`"),
            ("{index}", "`{index}` is no placeholder"),
            ("{i ^ 2}", "`{i ^ 2}` is no placeholder"),
            ("{i + 1 + 1}", "`{i + 1 + 1}` is no placeholder"),
            ("{random}", "`{random}` is no placeholder"),
            ("customer-{i", "`{i` has no closing brace"),
            ("{i % 0}", "`{i % 0}`: the number behind the operator must be from 1"),
            ("{i * 2147483648}", "`{i * 2147483648}`: the number behind the operator must be at most"),
            ("{random 0}", "`{random 0}`: how many numbers there are must be a whole number from 1"),
            ("{zipf 10 -1}", "`{zipf 10 -1}`: the exponent must be a number from 0"),
            ("{zipf 10 NaN}", "`{zipf 10 NaN}`: the exponent must be"),
        ] {
            let error = Template::parse(text).expect_err(text).to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
    }

    /// `scenario-format.md`, `partition`: a number or `"{i % 3}"`.
    #[test]
    fn a_number_is_a_number_or_one_placeholder() {
        let value = |text, index| NumberTemplate::parse(text).map(|number| number.value(index, &[5]));
        assert_eq!(value("{i % 3}", 7), Ok(1));
        assert_eq!(value(" -12 ", 7), Ok(-12));
        assert_eq!(value("{random 9}", 7), Ok(5));
        for text in ["", "1{i}", "{i}{i}", "one"] {
            assert_eq!(value(text, 0), Err(TemplateError::NotANumber { text: text.to_owned() }));
        }
    }

    #[test]
    fn the_smallest_number_of_all_records() {
        for (text, smallest) in
            [("{i}", 0), ("{i + 2}", 2), ("{i - 2}", -2), ("{i % 3}", 0), ("-1", -1), ("{random 3}", 0)]
        {
            assert_eq!(NumberTemplate::parse(text).map(|number| number.smallest()), Ok(smallest), "{text}");
        }
    }
}
