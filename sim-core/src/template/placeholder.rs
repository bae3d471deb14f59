//! What can stand between the braces of a template.

use super::TemplateError;
use super::zipf::Zipf;
use crate::chance::{Chance, Stream};

/// The largest operand: Java's int, so that no result leaves an `i64`.
const MAX_OPERAND: u32 = i32::MAX as u32;
/// The steepest `zipf`; anything near it is a constant.
const MAX_EXPONENT: f64 = 100.0;

/// A number that differs from record to record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Placeholder {
    Index(Operation),
    Random(u32),
    Zipf(Zipf),
}

/// What is done to the index. Divisors are at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Add(u32),
    Subtract(u32),
    Multiply(u32),
    Divide(u32),
    Remainder(u32),
}

/// The streams that placeholders draw from, opened where a template draws at all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TemplateStreams {
    /// Of `{random}`.
    pub(crate) random: Option<Stream>,
    /// Of `{zipf}`.
    pub(crate) zipf: Option<Stream>,
}

/// Which of the streams are drawn from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draws {
    pub(crate) random: bool,
    pub(crate) zipf: bool,
}

impl Draws {
    pub(crate) fn or(self, other: Draws) -> Draws {
        Draws { random: self.random || other.random, zipf: self.zipf || other.zipf }
    }

    pub(super) fn with(self, placeholder: &Placeholder) -> Draws {
        self.or(Draws {
            random: matches!(placeholder, Placeholder::Random(_)),
            zipf: matches!(placeholder, Placeholder::Zipf(_)),
        })
    }
}

impl Placeholder {
    /// Reads what stands between the braces.
    pub(super) fn parse(text: &str) -> Result<Placeholder, TemplateError> {
        let unknown = || TemplateError::Unknown { placeholder: text.to_owned() };
        let out_of_range =
            |what, range| TemplateError::OutOfRange { placeholder: text.to_owned(), what, range };
        if let Some(operation) = text.strip_prefix('i') {
            return Operation::parse(operation.trim(), unknown, out_of_range).map(Placeholder::Index);
        }
        let count = |word: &str| {
            word.parse::<u32>().ok().filter(|&count| count >= 1).ok_or_else(|| {
                out_of_range("how many numbers there are", "a whole number from 1 to 4294967295")
            })
        };
        match text.split_ascii_whitespace().collect::<Vec<_>>()[..] {
            ["random", numbers] => Ok(Placeholder::Random(count(numbers)?)),
            ["zipf", numbers, exponent] => {
                let exponent = exponent
                    .parse()
                    .ok()
                    .filter(|exponent| (0.0..=MAX_EXPONENT).contains(exponent))
                    .ok_or_else(|| out_of_range("the exponent", "a number from 0 to 100"))?;
                Ok(Placeholder::Zipf(Zipf::new(count(numbers)?, exponent)))
            }
            _ => Err(unknown()),
        }
    }

    /// Whether a record draws a number for it.
    pub(super) fn draws(&self) -> bool {
        matches!(self, Placeholder::Random(_) | Placeholder::Zipf(_))
    }

    /// Draws a record's number, if it is drawn, behind those that are there.
    pub(super) fn draw(&self, chance: &mut dyn Chance, streams: TemplateStreams, into: &mut Vec<u32>) {
        match (self, streams) {
            (Placeholder::Random(numbers), TemplateStreams { random: Some(random), .. }) => {
                into.push(chance.below(random, u64::from(*numbers)) as u32);
            }
            (Placeholder::Zipf(distribution), TemplateStreams { zipf: Some(zipf), .. }) => {
                into.push(distribution.draw(chance, zipf));
            }
            _ => debug_assert!(!self.draws(), "its stream is open"),
        }
    }

    /// The number of the record at this place of its stream; takes its own from what was drawn.
    pub(super) fn value(&self, index: u32, drawn: &mut std::slice::Iter<'_, u32>) -> i64 {
        match self {
            Placeholder::Index(operation) => operation.of(index),
            Placeholder::Random(_) | Placeholder::Zipf(_) => {
                drawn.next().map_or(0, |&number| i64::from(number))
            }
        }
    }

    /// The smallest number that any record can have.
    pub(super) fn smallest(&self) -> i64 {
        match self {
            Placeholder::Index(operation) => operation.of(0),
            Placeholder::Random(_) | Placeholder::Zipf(_) => 0,
        }
    }
}

impl Operation {
    /// What stands behind the `i`; nothing is an addition of nothing.
    fn parse(
        text: &str,
        unknown: impl Fn() -> TemplateError,
        out_of_range: impl Fn(&'static str, &'static str) -> TemplateError,
    ) -> Result<Operation, TemplateError> {
        let mut characters = text.chars();
        let Some(operator) = characters.next() else { return Ok(Operation::Add(0)) };
        let operation: fn(u32) -> Operation = match operator {
            '+' => Operation::Add,
            '-' => Operation::Subtract,
            '*' => Operation::Multiply,
            '/' => Operation::Divide,
            '%' => Operation::Remainder,
            _ => return Err(unknown()),
        };
        let operand = characters.as_str().trim_start().parse::<u32>().map_err(|_| unknown())?;
        let least = u32::from(matches!(operator, '/' | '%'));
        if !(least..=MAX_OPERAND).contains(&operand) {
            let range = if least == 1 { "from 1 to 2147483647" } else { "at most 2147483647" };
            return Err(out_of_range("the number behind the operator", range));
        }
        Ok(operation(operand))
    }

    fn of(self, index: u32) -> i64 {
        let index = i64::from(index);
        match self {
            Operation::Add(n) => index + i64::from(n),
            Operation::Subtract(n) => index - i64::from(n),
            Operation::Multiply(n) => index * i64::from(n),
            Operation::Divide(n) => index / i64::from(n),
            Operation::Remainder(n) => index % i64::from(n),
        }
    }
}
