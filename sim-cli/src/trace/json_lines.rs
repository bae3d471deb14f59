//! One event a line.

use std::io::{self, Write};
use std::path::Path;

use sim_core::record::Names;
use sim_core::trace::{Event, Observer, Stamp, json_line};

use crate::atomic_file::AtomicFile;
use crate::error::CliError;

/// A trace as JSON lines.
#[derive(Debug)]
pub(crate) struct JsonLines {
    file: AtomicFile,
    /// The first thing that went wrong: an observer cannot stop a run.
    failed: Option<io::Error>,
}

impl JsonLines {
    pub(super) fn create(path: &Path) -> Result<JsonLines, CliError> {
        Ok(JsonLines { file: AtomicFile::create(path)?, failed: None })
    }

    pub(super) fn finish(self) -> Result<(), CliError> {
        match self.failed {
            Some(error) => Err(CliError::write(self.file.path())(error)),
            None => self.file.finish(),
        }
    }
}

impl Observer for JsonLines {
    fn event(&mut self, stamp: Stamp, event: &Event, names: &Names) {
        if self.failed.is_none() {
            self.failed = writeln!(self.file, "{}", json_line(stamp, event, names)).err();
        }
    }
}
