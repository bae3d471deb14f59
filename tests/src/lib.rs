//! What crosses crates: scenarios, guarantees, determinism, the command. The tests are in `tests/`; here is what several
//! of them use.

pub mod build;
pub mod chaos;
pub mod fuzz;
pub mod hashes;
pub mod library;
pub mod repository;
