//! What is wrong with a scenario: where, what, and what to write instead.

use std::cell::{Cell, RefCell};
use std::fmt;

use super::limits;
use super::source::{At, Snippet, Texts};
use crate::protocol::Exception;

/// One problem of a scenario, at its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScenarioError {
    /// The file, or `--set` and the like for what the command line brought.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its column, from 1, in characters.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// What Kafka's own client would throw at these settings, if the problem is a rule of Kafka's: the exception, then
    /// what it wraps.
    pub exceptions: Vec<Exception>,
    snippet: Snippet,
}

impl fmt::Display for ScenarioError {
    /// `file:line:column: message`, the line with a mark below the place, and what to write.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ScenarioError { file, line, column, message, help, snippet, .. } = self;
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{file}:{line}:{column}: {message}")?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", snippet.line)?;
        write!(f, "{margin} | {}", snippet.mark)?;
        match help {
            Some(help) => write!(f, "\n{margin} = {help}"),
            None => Ok(()),
        }
    }
}

/// All problems that one reading found, in the order of the text; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScenarioErrors {
    /// The first of them, at most [`limits::PROBLEMS`].
    pub errors: Vec<ScenarioError>,
    /// How many more there are.
    pub more: usize,
}

impl ScenarioErrors {
    /// What Kafka's own client would throw, where problems are rules of Kafka's.
    pub fn exceptions(&self) -> impl Iterator<Item = Exception> + '_ {
        self.errors.iter().flat_map(|error| &error.exceptions).copied()
    }
}

impl fmt::Display for ScenarioErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.errors.iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{error}")?;
        }
        match self.more {
            0 => Ok(()),
            1 => write!(f, "\n\n1 more problem"),
            more => write!(f, "\n\n{more} more problems"),
        }
    }
}

/// A problem before its place is looked up.
#[derive(Clone, Debug)]
struct Problem {
    at: At,
    message: String,
    help: Option<String>,
    exceptions: Vec<Exception>,
}

/// Collects the problems of one reading; reading goes on behind each as far as it can.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    list: RefCell<Vec<Problem>>,
    dropped: Cell<usize>,
}

/// Problems that are kept to choose those from that are reported, the first in the order of the text.
const KEPT: usize = 10 * limits::PROBLEMS;

impl Problems {
    /// A problem, and what to write instead.
    pub(crate) fn report(&self, at: At, message: impl Into<String>, help: impl Into<String>) {
        self.push(at, message.into(), Some(help.into()), Vec::new());
    }

    /// A problem that needs no advice.
    pub(crate) fn report_bare(&self, at: At, message: impl Into<String>) {
        self.push(at, message.into(), None, Vec::new());
    }

    /// A rule of Kafka's that the settings break.
    pub(crate) fn report_exception(
        &self,
        at: At,
        message: impl Into<String>,
        help: Option<String>,
        exceptions: Vec<Exception>,
    ) {
        self.push(at, message.into(), help, exceptions);
    }

    /// Something that the format has and this program does not do: never passed over.
    pub(crate) fn not_modelled(&self, at: At, what: &str) {
        self.report(at, format!("{what} is not modelled yet"), "leave it out, the rest can be run");
    }

    fn push(&self, at: At, message: String, help: Option<String>, exceptions: Vec<Exception>) {
        if self.has_room() {
            self.list.borrow_mut().push(Problem { at, message, help, exceptions });
        } else {
            self.dropped.set(self.dropped.get() + 1);
        }
    }

    /// Whether another problem would be kept: if not, nobody needs to look for what was meant.
    pub(crate) fn has_room(&self) -> bool {
        self.list.borrow().len() < KEPT
    }

    /// How many there are so far.
    pub(crate) fn count(&self) -> usize {
        self.list.borrow().len()
    }

    /// Ends the reading: what was read, if nothing was reported.
    pub(crate) fn finish<T>(self, read: Option<T>, texts: &Texts) -> Result<T, ScenarioErrors> {
        let mut list = self.list.into_inner();
        if list.is_empty() {
            match read {
                Some(read) => return Ok(read),
                None => list.push(Problem {
                    at: At::default(),
                    message: "this scenario cannot be read".to_owned(),
                    help: None,
                    exceptions: Vec::new(),
                }),
            }
        }
        list.sort_by_key(|problem| (problem.at.text, problem.at.start));
        list.dedup_by(|a, b| a.at == b.at && a.message == b.message);
        let more = list.len().saturating_sub(limits::PROBLEMS) + self.dropped.get();
        list.truncate(limits::PROBLEMS);
        Err(ScenarioErrors { errors: list.into_iter().map(|problem| problem.placed(texts)).collect(), more })
    }
}

impl Problem {
    fn placed(self, texts: &Texts) -> ScenarioError {
        let spot = texts.spot(self.at);
        ScenarioError {
            file: spot.file,
            line: spot.line,
            column: spot.column,
            message: self.message,
            help: self.help,
            exceptions: self.exceptions,
            snippet: spot.snippet,
        }
    }
}
