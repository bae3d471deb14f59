//! Brokers' processes: how they die, end in order, and start. (How they stand still: [`super::pause`].)

use super::run::Run;
use crate::broker::Broker;
use crate::network::Endpoint;
use crate::record::BrokerId;
use crate::trace::{Event, Observer, Seq};

impl<O: Observer> Run<O> {
    /// A broker's process dies; its log stays, page cache and all.
    pub(super) fn crash(&mut self, broker: BrokerId, cause: Seq) {
        let process = &mut self.processes[broker.0 as usize];
        if !process.up {
            return;
        }
        (process.up, process.ending) = (false, false);
        self.forget_pile(broker);
        let stopped = self.cx().emit(cause, || Event::BrokerStopped { broker, by: "crash" });
        self.with_broker_even_down(broker, |broker, cx| broker.crash(cx, stopped));
        self.with_network(|network, cx| network.process_dies(cx, Endpoint::Broker(broker), stopped));
    }

    /// A broker's machine dies in silence, and with it what was in its page cache only.
    pub(super) fn lose_power(&mut self, broker: BrokerId, survives: Option<u64>, cause: Seq) {
        let process = &mut self.processes[broker.0 as usize];
        if !process.up {
            return;
        }
        (process.up, process.ending) = (false, false);
        self.forget_pile(broker);
        let stopped = self.cx().emit(cause, || Event::BrokerStopped { broker, by: "power" });
        let mut shorter = Vec::new();
        self.with_broker_even_down(broker, |broker, cx| {
            broker.crash(cx, stopped);
            shorter = broker.lose_page_cache(cx, survives, stopped);
        });
        self.lost_tails.lost(broker, shorter, &self.controller);
        self.with_network(|network, cx| network.machine_dies(cx, Endpoint::Broker(broker), stopped));
    }

    /// A broker's process is told to end.
    pub(super) fn shut_down(&mut self, broker: BrokerId, cause: Seq) {
        let process = &mut self.processes[broker.0 as usize];
        if process.up {
            process.ending = true;
            self.with_broker(broker, |broker, cx| broker.shut_down(cx, cause));
        }
    }

    /// It has ended: its connections close behind what was answered.
    pub(super) fn process_ended(&mut self, broker: BrokerId, cause: Seq) {
        let process = &mut self.processes[broker.0 as usize];
        (process.up, process.ending) = (false, false);
        let start_after = process.start_after.take();
        let stopped = self.cx().emit(cause, || Event::BrokerStopped { broker, by: "shutdown" });
        self.with_network(|network, cx| network.process_ends(cx, Endpoint::Broker(broker), stopped));
        if let Some(cause) = start_after {
            self.start_broker(broker, cause);
        }
    }

    /// A broker's process starts: empty-handed but for its logs. It takes connections once it has caught up with the
    /// metadata (`broker.md F6`).
    pub(super) fn start_broker(&mut self, broker: BrokerId, cause: Seq) {
        let process = &mut self.processes[broker.0 as usize];
        if process.up {
            return;
        }
        process.up = true;
        process.incarnation += 1;
        let started = self.cx().emit(cause, || Event::BrokerStarted { broker, by: "start" });
        self.with_network(|network, cx| network.has_power(cx, Endpoint::Broker(broker)));
        self.connect_controller(broker);
        self.with_broker(broker, |broker: &mut Broker, cx| broker.start(cx, started));
    }
}
