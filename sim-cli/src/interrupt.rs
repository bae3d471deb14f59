//! What is left to do when the user interrupts: files in the making go, the exit code is 130.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The exit code of a command that was interrupted.
const INTERRUPTED: i32 = 130;

static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// This file is to go if the command is interrupted; one that has been moved or removed by then does not mind.
pub(crate) fn remember(unfinished: &Path) {
    if let Ok(mut list) = UNFINISHED.lock() {
        list.push(unfinished.to_owned());
    }
}

/// From now on an interruption tidies up.
pub(crate) fn tidy_up() {
    let installed = ctrlc::set_handler(|| {
        if let Ok(list) = UNFINISHED.lock() {
            for file in list.iter() {
                // It may have been finished meanwhile.
                let _ = fs::remove_file(file);
            }
        }
        std::process::exit(INTERRUPTED);
    });
    // Without a handler the system ends the command, as it would any other.
    drop(installed);
}
