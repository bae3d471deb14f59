//! Trace files: JSON lines, or the Chrome trace format that ui.perfetto.dev opens.

mod brief;
mod json_lines;
mod lanes;
mod perfetto;

use std::path::Path;

use sim_core::record::Names;
use sim_core::trace::{Event, Observer, Stamp};

use crate::error::CliError;
use json_lines::JsonLines;
use perfetto::Perfetto;

pub(crate) use brief::{brief, brief_without};
pub(crate) use lanes::{Lane, ends_of};

/// Writes a trace while the run goes on. The file is complete once [`TraceFile::finish`] has returned, or absent.
#[derive(Debug)]
pub(crate) enum TraceFile {
    JsonLines(JsonLines),
    Perfetto(Box<Perfetto>),
}

impl TraceFile {
    /// Begins a trace; its format goes by the ending of the name.
    pub(crate) fn create(path: &Path) -> Result<TraceFile, CliError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".pftrace.json") {
            return Ok(TraceFile::Perfetto(Box::new(Perfetto::create(path)?)));
        }
        JsonLines::create(path).map(TraceFile::JsonLines)
    }

    /// Completes the file.
    pub(crate) fn finish(self) -> Result<(), CliError> {
        match self {
            TraceFile::JsonLines(file) => file.finish(),
            TraceFile::Perfetto(file) => file.finish(),
        }
    }
}

impl Observer for TraceFile {
    fn event(&mut self, stamp: Stamp, event: &Event, names: &Names) {
        match self {
            TraceFile::JsonLines(file) => file.event(stamp, event, names),
            TraceFile::Perfetto(file) => file.event(stamp, event, names),
        }
    }
}
