//! One file a command.

mod bench;
mod check;
mod client_script;
mod compare;
mod completions;
mod describe;
mod list;
mod log;
mod run;
mod show;
mod timeline;

pub(crate) use bench::bench;
pub(crate) use check::check;
pub(crate) use client_script::client_script;
pub(crate) use compare::compare;
pub(crate) use completions::completions;
pub(crate) use describe::describe;
pub(crate) use list::list;
pub(crate) use log::log;
pub(crate) use run::run;
pub(crate) use show::show;
pub(crate) use timeline::timeline;
