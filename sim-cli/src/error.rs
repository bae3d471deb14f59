//! What can go wrong with a command, and which exit code that is.

use std::io;
use std::path::{Path, PathBuf};

/// Why a command ended without doing what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The input is wrong; the message says what, where, and what to do.
    #[error("{0}")]
    Input(String),
    /// The input could not be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// A file could not be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// Standard output could not be written.
    #[error("standard output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    /// Something is wrong with the input.
    pub(crate) fn input(message: impl Into<String>) -> CliError {
        CliError::Input(message.into())
    }

    /// For `map_err`: this path could not be read.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> CliError + use<> {
        let path = path.to_owned();
        move |source| CliError::Read { path, source }
    }

    /// For `map_err`: this path could not be written.
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> CliError + use<> {
        let path = path.to_owned();
        move |source| CliError::Write { path, source }
    }

    /// Whether the reader at the other end of a pipe has gone: that is how `| head` ends, and no error.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        match self {
            CliError::Output(error) | CliError::Write { source: error, .. } => {
                error.kind() == io::ErrorKind::BrokenPipe
            }
            CliError::Input(_) | CliError::Read { .. } => false,
        }
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Done.
    Done,
    /// An expectation did not hold.
    Unmet,
    /// Something was wrong with the input; what could be done was done.
    BadInput,
}

impl Ending {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Ending::Done => 0,
            Ending::Unmet => 1,
            Ending::BadInput => 2,
        }
    }
}
