//! Processes that stand still: their sockets are open, their kernels take in what comes, and all of it piles up.

use std::collections::BTreeMap;

use super::run::{Due, Run};
use crate::broker::{BrokerOutput, BrokerTimer};
use crate::chance::{Chance, Stream};
use crate::network::{Delivery, Endpoint};
use crate::record::BrokerId;
use crate::time::Span;
use crate::trace::{Event, Observer, Seq};

/// How long after it goes on a process has fetched and applied what the controller has decided meanwhile, if the network is
/// quick: at least, at most (`broker.md Z6`: a leader stepped down 76 to 90 ms after SIGCONT, six times of six).
const IN_THE_DARK: [Span; 2] = [Span::from_millis(76), Span::from_millis(88)];

/// The brokers that stand still, and what waits for each.
#[derive(Clone, Debug)]
pub(super) struct Piles {
    of: BTreeMap<BrokerId, Pile>,
    /// How long each takes to be in the picture again.
    dark: Stream,
}

/// What waits for one broker.
#[derive(Clone, Debug, Default)]
pub(super) struct Pile {
    /// What it was about to do.
    outputs: Vec<BrokerOutput>,
    /// What has come to its machine.
    deliveries: Vec<Delivery>,
    /// What it would have woken up for: the incarnation, what for, and why.
    timers: Vec<(u32, BrokerTimer, Seq)>,
}

impl Piles {
    /// Nobody stands still.
    pub(super) fn new(chance: &mut dyn Chance) -> Piles {
        Piles { of: BTreeMap::new(), dark: chance.stream(format_args!("resume/metadata")) }
    }

    /// Whether this broker stands still.
    #[inline]
    pub(super) fn has(&self, broker: BrokerId) -> bool {
        !self.of.is_empty() && self.of.contains_key(&broker)
    }

    /// Where something has to wait that has come for a broker: nowhere, unless that stands still.
    #[inline]
    pub(super) fn for_delivery(&mut self, delivery: &Delivery) -> Option<&mut Pile> {
        if self.of.is_empty() {
            return None;
        }
        self.of.get_mut(&delivery.broker()?)
    }

    /// The same for something that a broker wants done: a fault has stopped it before.
    #[inline]
    pub(super) fn for_output(&mut self, broker: BrokerId, output: &BrokerOutput) -> Option<&mut Pile> {
        if self.of.is_empty() || matches!(output, BrokerOutput::Timer { .. }) {
            return None;
        }
        self.of.get_mut(&broker)
    }

    /// A timer of a broker that stands still is due.
    pub(super) fn keep_timer(&mut self, broker: BrokerId, incarnation: u32, timer: BrokerTimer, cause: Seq) {
        if let Some(pile) = self.of.get_mut(&broker) {
            pile.timers.push((incarnation, timer, cause));
        }
    }
}

impl Pile {
    /// Something has come.
    pub(super) fn keep_delivery(&mut self, delivery: Delivery) {
        // A reset takes what the process has not read yet.
        if let &Delivery::Gone { connection, .. } = &delivery {
            self.deliveries.retain(
                |kept| !matches!(kept, Delivery::Request { ticket, .. } if ticket.connection == connection),
            );
        }
        self.deliveries.push(delivery);
    }

    /// Something is to be done.
    pub(super) fn keep_output(&mut self, output: BrokerOutput) {
        self.outputs.push(output);
    }
}

impl<O: Observer> Run<O> {
    /// A broker's process stands still from now on.
    pub(super) fn pause(&mut self, broker: BrokerId, cause: Seq) {
        if !self.processes[broker.0 as usize].up || self.piles.has(broker) {
            return;
        }
        self.cx().emit(cause, || Event::BrokerStopped { broker, by: "pause" });
        self.piles.of.insert(broker, Pile::default());
        self.network.stands_still(Endpoint::Broker(broker));
    }

    /// It goes on: first with all that has piled up, in the order in which it came, so that requests are answered as if
    /// nothing had happened (`broker.md Z6`); then with what it would have woken up for. What the controller has decided
    /// meanwhile it has to ask for, and applies it a while later, all at once.
    pub(super) fn resume(&mut self, broker: BrokerId, cause: Seq) {
        let Some(pile) = self.piles.of.remove(&broker) else { return };
        let resumed = self.cx().emit(cause, || Event::BrokerStarted { broker, by: "resume" });
        for output in pile.outputs {
            self.carry_output(broker, output);
        }
        let [earliest, latest] = IN_THE_DARK;
        let range = (latest - earliest).nanos();
        let dark = earliest + Span::from_nanos(self.chance.below(self.piles.dark, range));
        self.with_network(|network, cx| network.goes_on(cx, Endpoint::Broker(broker), dark));
        for delivery in pile.deliveries {
            self.deliver(delivery);
        }
        self.with_broker(broker, |broker, cx| broker.goes_on(cx, resumed));
        for (incarnation, timer, cause) in pile.timers {
            self.dispatch(Due::Broker(broker, incarnation, timer, cause));
        }
    }

    /// A process that stands still dies: nobody will ever look at what has piled up. The next one begins with the metadata.
    pub(super) fn forget_pile(&mut self, broker: BrokerId) {
        if self.piles.of.remove(&broker).is_some() {
            self.network.stands_no_more(Endpoint::Broker(broker));
        }
    }
}
