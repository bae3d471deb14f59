//! A run of a scenario: all components, the queue between them, and the loop.

use std::collections::VecDeque;
use std::sync::Arc;

use super::chaos::Chaos;
use super::client::Client;
use super::controller_process::Waiting;
use super::lost_tails::LostTails;
use super::old_min_isr::OldMinIsr;
use super::pause::Piles;
use super::queue::{Class, Order, Queue};
use super::tally::Tally;
use crate::broker::{Broker, BrokerOutput, BrokerTimer};
use crate::chance::Chance;
use crate::consumer::{Consumer, ConsumerTimer};
use crate::controller::{AdminError, Controller, ControllerOutput, ControllerTimer};
use crate::fault::FaultPlan;
use crate::network::{Delivery, Endpoint, Network, NetworkTimer};
use crate::protocol::ClientAction;
use crate::record::{BrokerId, ConsumerIx, Names, ProducerIx, TopicPartition};
use crate::scenario::Scenario;
use crate::time::Time;
use crate::trace::{Event, Observer, Seq, Tracer};
use crate::verdict::Ledger;

/// What is due in a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    /// A timed fault begins.
    FaultBegins(u32),
    /// A fault's `for` is over.
    FaultEnds(u32),
    /// A kind of random fault strikes.
    Chaos(u32),
    /// A random fault is over.
    ChaosEnds(u32),
    /// An application thread goes on.
    Thread(u16, u32),
    /// `close(timeout)` gives up.
    ForceClose(u16),
    /// The network.
    Network(NetworkTimer),
    /// A broker's timer; stale if the process has died since.
    Broker(BrokerId, u32, BrokerTimer, Seq),
    /// The controller's timer; stale if its process has died since.
    Controller(u32, ControllerTimer),
    /// A consumer begins.
    ConsumerStarts(ConsumerIx),
    /// A consumer's timer.
    Consumer(ConsumerIx, ConsumerTimer),
    /// A sender's thread goes on.
    Sender(u16),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// Every record has its result, every fault is over, the replicas agree.
    Settled,
    /// The scenario's `stop` was reached.
    Stop,
}

impl EndedBy {
    /// The word of the trace and of the JSON.
    pub fn name(self) -> &'static str {
        match self {
            EndedBy::Settled => "settled",
            EndedBy::Stop => "stop",
        }
    }
}

/// The controller did not do what a fault asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The fault, by its place in the file.
    pub fault: u32,
    /// When.
    pub time: Time,
    /// Its event.
    pub seq: Seq,
    /// Why.
    pub error: AdminError,
}

/// A broker's process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    pub(super) up: bool,
    /// How often it has been started after t=0.
    pub(super) incarnation: u32,
    /// It is about to end in order.
    pub(super) ending: bool,
    /// It is to be started again when it has.
    pub(super) start_after: Option<Seq>,
}

impl Process {
    pub(super) fn new(up: bool) -> Process {
        Process { up, incarnation: 0, ending: false, start_after: None }
    }
}

/// One run. It can be cloned at any event, and the clone goes on as the original would.
#[derive(Clone)]
pub struct Run<O> {
    pub(super) scenario: Arc<Scenario>,
    pub(super) names: Arc<Names>,
    pub(super) now: Time,
    pub(super) queue: Queue<Due>,
    pub(super) chance: Box<dyn Chance>,
    pub(super) trace: Tracer<O>,
    pub(super) clients: Vec<Client>,
    pub(super) client_settled: Vec<bool>,
    /// A partition whose replicas did not agree when it was looked at last.
    pub(super) apart: TopicPartition,
    pub(super) network: Network,
    pub(super) brokers: Vec<Broker>,
    pub(super) processes: Vec<Process>,
    pub(super) controller: Controller,
    pub(super) controller_process: Process,
    pub(super) consumers: Vec<Consumer>,
    /// Whose topics have yet to be created.
    pub(super) waiting_consumers: Vec<ConsumerIx>,
    pub(super) faults: FaultPlan,
    pub(super) chaos: Chaos,
    pub(super) lost_tails: LostTails,
    pub(super) old_min_isr: OldMinIsr,
    /// What waits for brokers that stand still.
    pub(super) piles: Piles,
    /// Whom each fault that lasts has hit, until it is over.
    pub(super) targets: Vec<VecDeque<BrokerId>>,
    pub(super) ledger: Ledger,
    pub(super) tally: Tally,
    /// Faults that asked the controller for something that cannot be.
    pub(super) refused: Vec<Refused>,
    /// What administrators want of a controller that is down, in the order in which they asked.
    pub(super) waiting_admins: Vec<Waiting>,
    /// Producers' processes that have been started again, each time.
    pub(super) restarts: Vec<(ProducerIx, Time)>,
    pub(super) ended: Option<EndedBy>,
    pub(super) scratch: Scratch,
}

/// Lists that are used again and again, empty between two uses.
#[derive(Clone, Default)]
pub(super) struct Scratch {
    pub(super) actions: Vec<ClientAction>,
    pub(super) consumer_timers: Vec<(Time, ConsumerTimer)>,
    pub(super) broker_outputs: Vec<BrokerOutput>,
    pub(super) controller_outputs: Vec<ControllerOutput>,
}

impl<O: Observer> Run<O> {
    /// The instant of the last event.
    pub fn now(&self) -> Time {
        self.now
    }

    /// When the next event is due.
    pub fn next_time(&self) -> Option<Time> {
        self.queue.peek().map(Order::time)
    }

    /// How the run ended, once it has.
    pub fn ended(&self) -> Option<EndedBy> {
        self.ended
    }

    /// Runs to its end.
    pub fn run(&mut self) -> EndedBy {
        loop {
            if let Some(ended) = self.ended {
                return ended;
            }
            self.step();
        }
    }

    /// Takes the next event from the queue, and everything that it causes at once. False once the run has ended.
    pub fn step(&mut self) -> bool {
        if self.ended.is_some() {
            return false;
        }
        let Some((time, due)) = self.queue.pop_by(self.scenario.stop) else {
            self.now = self.now.max(self.scenario.stop);
            self.end(EndedBy::Stop);
            return false;
        };
        debug_assert!(time >= self.now, "time goes back from {:?} to {time:?}", self.now);
        self.now = time;
        self.tally.steps += 1;
        self.dispatch(due);
        self.carry();
        if self.clients_are_settled() && self.is_settled() {
            self.end(EndedBy::Settled);
        }
        self.ended.is_none()
    }

    fn end(&mut self, by: EndedBy) {
        self.ended = Some(by);
        self.cx().emit(Seq::OUTSIDE, || Event::RunEnded { by: by.name() });
    }

    pub(super) fn dispatch(&mut self, due: Due) {
        match due {
            Due::FaultBegins(fault) => self.fault_begins(fault, Seq::OUTSIDE, None),
            Due::FaultEnds(fault) => self.fault_ends(fault),
            Due::Chaos(at) => self.chaos_strikes(at),
            Due::ChaosEnds(number) => self.chaos_ends(number),
            Due::Thread(client, thread) => {
                let horizon = self.queue.peek().unwrap_or(Order::fixed(Time::NEVER, Class::Fault, 0));
                let horizon = horizon.min(Order::fixed(self.scenario.stop, Class::Sender, u32::MAX));
                self.with_client(client, |client, cx, ledger| client.thread_due(cx, ledger, thread, horizon));
            }
            Due::ForceClose(client) => self.with_client(client, |client, cx, _| client.force_close(cx)),
            Due::Network(NetworkTimer::Arrives(slot)) => self.message_arrives(slot),
            Due::Network(timer) => self.with_network(|network, cx| network.timer(cx, timer)),
            Due::Broker(broker, incarnation, timer, cause) => {
                let process = self.processes[broker.0 as usize];
                if self.piles.has(broker) {
                    self.piles.keep_timer(broker, incarnation, timer, cause);
                } else if process.up && process.incarnation == incarnation {
                    self.with_broker(broker, |broker, cx| broker.timer(cx, timer, cause));
                }
            }
            Due::Controller(incarnation, timer) => {
                let process = self.controller_process;
                if process.up && process.incarnation == incarnation {
                    self.with_controller(|controller, cx| controller.timer(cx, timer));
                }
            }
            Due::ConsumerStarts(consumer) => self.consumer_starts(consumer),
            Due::Consumer(consumer, timer) => {
                self.with_consumer(consumer, |consumer, cx| consumer.timer(cx, timer));
            }
            Due::Sender(client) => {
                self.with_client(client, Client::sender_due);
            }
        }
    }

    /// Carries what has come to machines into them, until nothing is left.
    pub(super) fn carry(&mut self) {
        self.apply_fired();
        while let Some(delivery) = self.network.next_delivery() {
            self.deliver(delivery);
        }
    }

    pub(super) fn deliver(&mut self, delivery: Delivery) {
        if let Some(pile) = self.piles.for_delivery(&delivery) {
            return pile.keep_delivery(delivery);
        }
        match delivery {
            Delivery::Client { client: Endpoint::Producer(producer), node, arrival, cause } => {
                let now = self.now;
                self.with_client(producer.0, |client, _, _| client.arrive(now, node, arrival, cause));
            }
            Delivery::Client { client: Endpoint::Bootstrap(producer), node, arrival, cause } => {
                let (now, node) = (self.now, BrokerId(self.scenario.cluster.brokers + node.0));
                self.with_client(producer.0, |client, _, _| client.arrive(now, node, arrival, cause));
            }
            Delivery::Client { client: Endpoint::Consumer(consumer), node, arrival, cause } => {
                self.with_consumer(consumer, |consumer, cx| consumer.arrive(cx, node, arrival, cause));
            }
            Delivery::Client { .. } => {}
            Delivery::Request { to: Endpoint::Broker(broker), ticket, request, forced, cause } => {
                self.with_broker(broker, |broker, cx| broker.request(cx, ticket, request, forced, cause));
            }
            Delivery::Request { ticket, request, cause, .. } => {
                self.with_controller(|controller, cx| controller.request(cx, ticket, &request, cause));
            }
            Delivery::Answer { to, correlation, response, cause } => {
                self.with_broker(to, |broker, cx| broker.answer(cx, correlation, response, cause));
            }
            Delivery::NoAnswer { to, correlation, cause } => {
                self.with_broker(to, |broker, cx| broker.no_answer(cx, correlation, cause));
            }
            Delivery::PeerGone { to, peer } => {
                self.with_broker(to, |broker, _| broker.peer_gone(peer));
            }
            Delivery::Gone { broker, connection, cause } => {
                self.with_broker(broker, |broker, cx| broker.connection_closed(cx, connection, cause));
            }
            Delivery::Update { broker, update, cause } => {
                self.with_broker(broker, |broker, cx| broker.update(cx, &update, cause));
            }
        }
    }

    /// Begins the faults that the last input's events have set off: right after the event, before anything that the
    /// component wanted to send leaves it.
    pub(super) fn apply_fired(&mut self) {
        while !self.trace.fired.is_empty() {
            for fired in std::mem::take(&mut self.trace.fired) {
                self.fault_begins(fired.fault as u32, fired.cause, None);
            }
        }
    }
}
