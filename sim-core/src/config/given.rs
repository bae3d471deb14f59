//! What a user set, where, and in which order.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Where a setting was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the scenario file.
    Scenario {
        /// Its line, counted from 1.
        line: u32,
        /// Its bytes in the file; passed through for whoever prints the error.
        span: Range<usize>,
    },
    /// On the command line, or in a twin's `set`.
    Set,
    /// In a `.properties` file.
    Properties {
        /// Its name.
        file: Arc<str>,
        /// Its line, counted from 1.
        line: u32,
    },
}

impl Origin {
    /// Whether an unknown key is an error there: a `.properties` file comes from real life, where Kafka only warns.
    pub fn is_strict(&self) -> bool {
        !matches!(self, Origin::Properties { .. })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Scenario { line, .. } => write!(f, "line {line}"),
            Origin::Set => f.write_str("--set"),
            Origin::Properties { file, line } => write!(f, "{file}, line {line}"),
        }
    }
}

/// One key and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `linger.ms`.
    pub key: String,
    /// As written; numbers and booleans of a scenario as text.
    pub value: String,
    /// Where.
    pub origin: Origin,
}

/// Settings of one owner, weakest first: of the same key the last one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    list: Vec<Setting>,
}

impl Settings {
    /// None yet.
    pub fn new() -> Settings {
        Settings::default()
    }

    /// One more, stronger than those before it.
    pub fn push(&mut self, key: impl Into<String>, value: impl Into<String>, origin: Origin) {
        self.list.push(Setting { key: key.into(), value: value.into(), origin });
    }

    /// All of `stronger`, stronger than those before.
    pub fn extend(&mut self, stronger: &Settings) {
        self.list.extend(stronger.list.iter().cloned());
    }

    /// All of them, weakest first.
    pub fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.list.iter()
    }

    /// The one that counts for a key.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.list.iter().rev().find(|setting| setting.key == key)
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
