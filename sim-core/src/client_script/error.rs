//! What can be wrong with a client script.

use crate::config::{ConfigError, Release};

/// Why a script cannot be run, or could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The text is no JSON, or a field is unknown, missing or of the wrong type.
    #[error("{}{source}", at(path))]
    Field {
        /// Which field, as the reader names it: `steps[3].send`.
        path: String,
        /// What is wrong with it, with line and column.
        source: serde_json::Error,
    },
    /// Something follows the script.
    #[error("after the script: {0}")]
    AfterTheEnd(serde_json::Error),
    /// A field does not fit another one.
    #[error("{path}: {problem}")]
    Check {
        /// Which field.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A producer of this release refuses the configuration.
    #[error("config.{}: a {release} client refuses it: {source}; {}", source.key, source.instead)]
    Config {
        /// The release.
        release: Release,
        /// Why.
        source: Box<ConfigError>,
    },
    /// The producer turns round and round without time passing.
    #[error("the producer is stuck at t={at_ms} ms")]
    Stuck {
        /// Where.
        at_ms: i64,
    },
}

/// The reader's path is `.` for the whole file, and ends in `?` where the text breaks off.
fn at(path: &str) -> String {
    match path.trim_end_matches(['.', '?']) {
        "" => String::new(),
        path => format!("{path}: "),
    }
}

impl From<serde_path_to_error::Error<serde_json::Error>> for ScriptError {
    fn from(error: serde_path_to_error::Error<serde_json::Error>) -> ScriptError {
        ScriptError::Field { path: error.path().to_string(), source: error.into_inner() }
    }
}
