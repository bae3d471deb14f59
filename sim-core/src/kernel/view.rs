//! A run seen from outside, between two events.

use super::run::Run;
use super::tally::Tally;
use crate::broker::Broker;
use crate::controller::Controller;
use crate::record::{BrokerId, Names};
use crate::scenario::Scenario;
use crate::trace::{Observer, Seq};
use crate::verdict::Ledger;

impl<O: Observer> Run<O> {
    /// What is run.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The names behind the indices.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// A broker, up or not, if the cluster has it.
    pub fn broker(&self, broker: BrokerId) -> Option<&Broker> {
        self.brokers.get(broker.0 as usize)
    }

    /// Every broker, up or not, by id.
    pub fn brokers(&self) -> &[Broker] {
        &self.brokers
    }

    /// The controller.
    pub fn controller(&self) -> &Controller {
        &self.controller
    }

    /// What the applications have been told so far.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What has been counted so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The number of the last event.
    pub fn last_seq(&self) -> Seq {
        Seq(self.trace.events().saturating_sub(1))
    }

    /// Who looks on.
    pub fn observer(&self) -> &O {
        &self.trace.observer
    }

    /// Who looks on, to take away what has been seen so far.
    pub fn observer_mut(&mut self) -> &mut O {
        &mut self.trace.observer
    }
}
