//! The files of this repository, for tests about them.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the workspace is.
pub fn root() -> PathBuf {
    let member = Path::new(env!("CARGO_MANIFEST_DIR"));
    member.parent().expect("a member's folder is in the workspace's").to_owned()
}

/// Folders that hold nothing of ours: what is built, fetched or recorded.
const NOT_OURS: [&str; 6] = ["target", ".git", "node_modules", "corpus", "artifacts", "dist"];

/// All files of ours below a folder, in order, as paths from the workspace's root.
pub fn files_below(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    let root = root();
    let mut files: Vec<PathBuf> =
        files.iter().map(|file| file.strip_prefix(&root).expect("below the root").to_owned()).collect();
    files.sort();
    files
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder that can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match path.is_dir() {
            true if !NOT_OURS.contains(&name) => walk(&path, files),
            true => {}
            false => files.push(path),
        }
    }
}

/// The text of a file of ours.
pub fn text(file: &Path) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
