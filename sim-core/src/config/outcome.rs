//! What comes of settings: a typed configuration with remarks, or an error.

use std::fmt;

use crate::config::given::{Origin, Setting};
use crate::protocol::Exception;

/// Settings that Kafka, or the reader of a scenario, does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The exception that the application would see; none: Kafka would only warn, a scenario is read more strictly.
    pub exception: Option<Exception>,
    /// What is wrong, in Kafka's words where there are any.
    pub message: String,
    /// The exception behind the exception: Kafka wraps what it finds late.
    pub cause: Option<Box<(Exception, String)>>,
    /// What to write instead.
    pub instead: String,
    /// The setting that is wrong.
    pub key: String,
    /// Where it was set; none: it has its default.
    pub origin: Option<Origin>,
}

impl ConfigError {
    /// A plain `ConfigException` about a setting.
    pub(crate) fn of(key: &str, origin: Option<&Origin>, message: String, instead: String) -> ConfigError {
        ConfigError {
            exception: Some(Exception::ConfigException),
            message,
            cause: None,
            instead,
            key: key.to_string(),
            origin: origin.cloned(),
        }
    }

    /// What Kafka warns about only, and a scenario does not take.
    pub(crate) fn stricter(setting: &Setting, message: String, instead: String) -> ConfigError {
        ConfigError {
            exception: None,
            ..ConfigError::of(&setting.key, Some(&setting.origin), message, instead)
        }
    }

    /// The same, thrown as another exception.
    pub(crate) fn thrown_as(mut self, exception: Exception) -> ConfigError {
        self.exception = Some(exception);
        self
    }

    /// The same, found so late that it arrives inside another exception.
    pub(crate) fn wrapped_in(mut self, outer: Exception, message: &str) -> ConfigError {
        let inner = self.exception.unwrap_or(Exception::ConfigException);
        let found = std::mem::replace(&mut self.message, message.to_string());
        self.cause = Some(Box::new((inner, found)));
        self.exception = Some(outer);
        self
    }
}

/// `ConfigException: Invalid value -1 for configuration linger.ms: Value must be at least 0`; where it was set and what
/// to write instead are left to whoever shows it.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(exception) = self.exception {
            write!(f, "{exception}: ")?;
        }
        f.write_str(&self.message)?;
        match self.cause.as_deref() {
            Some((exception, message)) => write!(f, ", caused by {exception}: {message}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Why there is something to say about a setting that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// It has no effect here, and never will.
    NoEffect,
    /// It is not modelled yet; the run goes on without it.
    NotModelled,
    /// Another setting changed what holds.
    Adjusted,
    /// Kafka logs a warning about it.
    Warning,
}

/// A remark about an accepted setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Why it is made.
    pub kind: NoteKind,
    /// The key it is about.
    pub key: String,
    /// What there is to say, as a sentence without a full stop.
    pub text: String,
    /// Where the reason was set, if it was: the key itself, or the one that changed it.
    pub origin: Option<Origin>,
}

/// A key's value as it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// `linger.ms`.
    pub key: &'static str,
    /// As one would write it; `null` where there is none.
    pub value: String,
    /// The release's default.
    pub default: String,
    /// Where it was set; none: not by the user.
    pub origin: Option<Origin>,
}

impl Effective {
    /// Whether it is not what the release would have chosen.
    pub fn differs(&self) -> bool {
        self.value != self.default
    }
}

/// An accepted configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved<T> {
    /// What the model reads.
    pub config: T,
    /// Every key that the release has, in the order of the alphabet.
    pub values: Vec<Effective>,
    /// What there is to say, in the order in which it was found.
    pub notes: Vec<Note>,
}

impl<T> Resolved<T> {
    /// A key's value as it holds, if the release has the key.
    pub fn value(&self, key: &str) -> Option<&str> {
        let at = self.values.binary_search_by(|value| value.key.cmp(key)).ok()?;
        Some(&self.values[at].value)
    }

    /// Whether the user set this key.
    pub fn is_set(&self, key: &str) -> bool {
        self.values
            .binary_search_by(|value| value.key.cmp(key))
            .is_ok_and(|at| self.values[at].origin.is_some())
    }

    /// The keys that are not as the release would have them.
    pub fn differing(&self) -> impl Iterator<Item = &Effective> {
        self.values.iter().filter(|value| value.differs())
    }

    /// What Kafka would log as warnings.
    pub fn warnings(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(|note| note.kind == NoteKind::Warning)
    }
}
