//! Embeds the library of scenarios: every file of `scenarios/`, by name.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    println!("cargo::rerun-if-changed={}", library.display());
    let mut files = Vec::new();
    if library.is_dir() {
        for entry in fs::read_dir(&library)? {
            let path = entry?.path();
            if path.is_file() {
                println!("cargo::rerun-if-changed={}", path.display());
                files.push(fs::canonicalize(path)?);
            }
        }
    }
    files.sort();

    let mut table = String::from("&[\n");
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let _ = writeln!(table, "    ({name:?}, include_str!({:?})),", file.display().to_string());
    }
    table.push(']');
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("library.rs"), table)
}
