//! The controller: who lives, who leads, who is in sync.

mod api;

pub use api::{Admin, ControllerOutput, ControllerTimer};
