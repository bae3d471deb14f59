//! A file that is complete or absent: written beside its place, moved there when it is done.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::CliError;
use crate::interrupt;

/// A file in the making.
#[derive(Debug)]
pub(crate) struct AtomicFile {
    path: PathBuf,
    to: Place,
}

#[derive(Debug)]
enum Place {
    Beside(BufWriter<NamedTempFile>),
    /// What is not a regular file (a pipe, a device) cannot be moved into place.
    Directly(BufWriter<File>),
}

impl AtomicFile {
    /// Begins a file at this path.
    pub(crate) fn create(path: &Path) -> Result<AtomicFile, CliError> {
        AtomicFile::place(path)
            .map(|to| AtomicFile { path: path.to_owned(), to })
            .map_err(CliError::write(path))
    }

    fn place(path: &Path) -> io::Result<Place> {
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            Ok(there) if !there.is_file() => {
                Ok(Place::Directly(BufWriter::new(OpenOptions::new().write(true).open(path)?)))
            }
            _ => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                // Told about the folder that was asked for, not about a file that nobody has heard of.
                fs::metadata(folder.unwrap_or(Path::new(".")))?;
                let file = tempfile::Builder::new()
                    .prefix(".inflight-")
                    .permissions_of_a_new_file()
                    .tempfile_in(folder.unwrap_or(Path::new(".")))
                    .map_err(|error| io::Error::from(error.kind()))?;
                interrupt::remember(file.path());
                Ok(Place::Beside(BufWriter::new(file)))
            }
        }
    }

    /// Moves it to its place.
    pub(crate) fn finish(self) -> Result<(), CliError> {
        let AtomicFile { path, to } = self;
        let done = match to {
            Place::Directly(mut file) => file.flush(),
            Place::Beside(file) => file
                .into_inner()
                .map_err(io::IntoInnerError::into_error)
                .and_then(|file| file.persist(&path).map(drop).map_err(io::Error::from)),
        };
        done.map_err(CliError::write(&path))
    }

    /// Its path, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            Place::Beside(file) => file.write(bytes),
            Place::Directly(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            Place::Beside(file) => file.flush(),
            Place::Directly(file) => file.flush(),
        }
    }
}

/// Temporary files are private by default; these are to be as readable as any other new file.
trait Permissions {
    fn permissions_of_a_new_file(&mut self) -> &mut Self;
}

impl Permissions for tempfile::Builder<'_, '_> {
    #[cfg(unix)]
    fn permissions_of_a_new_file(&mut self) -> &mut Self {
        use std::os::unix::fs::PermissionsExt;
        // The umask takes away what the user does not want to give.
        self.permissions(fs::Permissions::from_mode(0o666))
    }

    #[cfg(not(unix))]
    fn permissions_of_a_new_file(&mut self) -> &mut Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_when_it_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"one line\n").unwrap();
        assert!(!path.exists());
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one line\n");
    }

    #[test]
    fn a_file_that_is_given_up_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"half a li").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_impossible_place_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/such/folder/run.jsonl");
        let error = AtomicFile::create(&path).unwrap_err().to_string();
        assert!(error.contains("cannot be written") && error.contains("no/such/folder"), "{error}");
        assert!(AtomicFile::create(folder.path()).is_err());
    }
}
