//! The controller's process: how it dies, and comes back with its metadata (`broker.md F4`).

use super::run::Run;
use crate::controller::Admin;
use crate::network::Endpoint;
use crate::record::BrokerId;
use crate::time::{Span, Time};
use crate::trace::{Observer, Seq};

/// How long an administrator's client tries to reach a controller (`default.api.timeout.ms` of Kafka's `AdminClient`).
pub(super) const ADMIN_TIMEOUT: Span = Span::from_millis(60_000);

/// What an administrator wants of a controller that is not there: the client asks again until there is one, or gives up.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) fault: u32,
    pub(super) admin: Admin,
    pub(super) cause: Seq,
    pub(super) until: Time,
}

impl<O: Observer> Run<O> {
    /// It dies: nobody decides anything. Brokers go on with what they know.
    pub(super) fn crash_controller(&mut self, cause: Seq) {
        if std::mem::take(&mut self.controller_process.up) {
            self.with_network(|network, cx| network.process_dies(cx, Endpoint::Controller, cause));
        }
    }

    /// It runs again, with all that it had decided.
    pub(super) fn start_controller(&mut self, cause: Seq) {
        if self.controller_process.up {
            return;
        }
        self.controller_process.up = true;
        self.controller_process.incarnation += 1;
        self.network.listens(Endpoint::Controller);
        for broker in (0..self.brokers.len() as u32).map(BrokerId) {
            if self.processes[broker.0 as usize].up {
                self.network.warm(Endpoint::Controller, Endpoint::Broker(broker), &mut *self.chance);
            }
        }
        self.with_controller(|controller, cx| controller.restart(cx, cause));
        self.administer_what_waits();
    }
}
