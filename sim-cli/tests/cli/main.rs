//! The `inflight` command as a user calls it.

mod calls;
mod commands;
mod errors;
mod story;
mod trace_files;
