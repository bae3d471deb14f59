//! `[expect]`: what must come out of a run, read and checked when the file is, held against the result afterwards.

mod check;
mod names;
mod read;
mod trace;

use std::fmt;

pub use check::{Mismatch, check, check_refusal};
pub(crate) use read::{exception, read};
pub use trace::{TraceExpectation, TraceExpectations};

use crate::protocol::Exception;

/// What must come out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expect {
    /// Of the result.
    pub results: Vec<Expectation>,
    /// Of the trace.
    pub trace: Vec<TraceExpectation>,
    /// No run at all: the settings are to be refused with this exception.
    pub error: Option<Exception>,
}

/// One value of the result, and what it must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// As the file writes it: `log."orders-0".leo`.
    pub what: String,
    /// Where the result has it.
    pub place: Place,
    /// What it must be.
    pub wanted: Wanted,
}

/// Where a result has a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// At this path from its top.
    Path(&'static [&'static str]),
    /// In `errors`, by the exception's name; 0 where it is not.
    Errors(&'static str),
    /// In a partition's final log.
    Log {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// The field.
        field: &'static str,
    },
    /// At this path from a consumer.
    Consumer {
        /// Its id.
        id: String,
        /// The path.
        path: &'static [&'static str],
    },
    /// In a record's line of the ledger.
    Record {
        /// The record.
        record: String,
        /// The field.
        field: &'static str,
    },
}

/// What a value must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// A number in this range.
    Number(Range),
    /// This word.
    Word(String),
    /// True or false.
    Truth(bool),
    /// These words in this order.
    Words(Vec<String>),
    /// These numbers in this order.
    Numbers(Vec<i64>),
}

/// A number, or bounds of one, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Not below.
    pub min: f64,
    /// Not above.
    pub max: f64,
}

impl Range {
    /// Exactly this.
    pub const fn exactly(number: f64) -> Range {
        Range { min: number, max: number }
    }

    /// This or more.
    pub const fn at_least(min: f64) -> Range {
        Range { min, max: f64::INFINITY }
    }

    /// Whether a number is in it.
    pub fn holds(self, number: f64) -> bool {
        number >= self.min && number <= self.max
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (min, max) if min == max => write!(f, "{min}"),
            (min, f64::INFINITY) => write!(f, "at least {min}"),
            (f64::NEG_INFINITY, max) => write!(f, "at most {max}"),
            (min, max) => write!(f, "{min} to {max}"),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Number(range) => range.fmt(f),
            Wanted::Word(word) => f.write_str(word),
            Wanted::Truth(truth) => truth.fmt(f),
            Wanted::Words(words) => write!(f, "[{}]", words.join(", ")),
            Wanted::Numbers(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", numbers.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests;
