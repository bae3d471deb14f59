//! A run of a scenario: all components, the queue between them, and the loop.

use std::collections::VecDeque;
use std::sync::Arc;

use super::chaos::Chaos;
use super::client::{Client, Wake};
use super::lost_tails::LostTails;
use super::pause::Piles;
use super::queue::{Class, Order, Queue};
use super::tally::Tally;
use crate::broker::{Broker, BrokerOutput, BrokerTimer, Peer, Reply};
use crate::chance::Chance;
use crate::consumer::{Consumer, ConsumerTimer};
use crate::controller::{AdminError, Controller, ControllerOutput, ControllerTimer};
use crate::fault::FaultPlan;
use crate::network::{Delivery, Endpoint, Forced, MessageSlot, Network, NetworkTimer, Ticket, Treatment};
use crate::protocol::{ClientAction, Request, Response};
use crate::record::{BrokerId, ConsumerIx, Names, ProducerIx};
use crate::scenario::{Act, Scenario};
use crate::time::Time;
use crate::trace::{Cx, Event, MessageBody, MessageEvent, Observer, Seq, Tracer};
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
    /// A broker that stood still learns of new settings.
    Settings(BrokerId),
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
    /// What waits for brokers that stand still.
    pub(super) piles: Piles,
    /// Whom each fault that lasts has hit, until it is over.
    pub(super) targets: Vec<VecDeque<BrokerId>>,
    pub(super) ledger: Ledger,
    pub(super) tally: Tally,
    /// Faults that asked the controller for something that cannot be.
    pub(super) refused: Vec<Refused>,
    /// Producers' processes that have been started again, each time.
    pub(super) restarts: Vec<(ProducerIx, Time)>,
    pub(super) ended: Option<EndedBy>,
    pub(super) scratch: Scratch,
}

/// Lists that are used again and again, empty between two uses.
#[derive(Clone, Default)]
pub(super) struct Scratch {
    deliveries: Vec<Delivery>,
    pub(super) actions: Vec<ClientAction>,
    pub(super) consumer_timers: Vec<(Time, ConsumerTimer)>,
    broker_outputs: Vec<BrokerOutput>,
    controller_outputs: Vec<ControllerOutput>,
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
        match self.queue.peek() {
            Some(next) if next.time() <= self.scenario.stop => {}
            _ => {
                self.now = self.now.max(self.scenario.stop);
                self.end(EndedBy::Stop);
                return false;
            }
        }
        let Some((time, due)) = self.queue.pop() else { return false };
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
            Due::Settings(broker) => self.learn_settings(broker),
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

    /// A message's time has come: what its arrival sets off acts first, and on it.
    fn message_arrives(&mut self, slot: MessageSlot) {
        let mut next = Some(slot);
        while let Some(slot) = next {
            if !self.with_network(|network, cx| network.is_due(cx, slot)) {
                return;
            }
            if self.network.kind(slot).is_some_and(|kind| self.trace.watch.wants(kind)) {
                self.arrival_sets_off(slot);
                if !self.with_network(|network, cx| network.is_due(cx, slot)) {
                    return;
                }
            }
            if self.chaos.waits_for_a_message() {
                self.chaos_meets(slot);
                if !self.with_network(|network, cx| network.is_due(cx, slot)) {
                    return;
                }
            }
            next = self.with_network(|network, cx| network.deliver(cx, slot));
            self.carry();
        }
    }

    /// Lets the faults act that wait for this message's arrival.
    fn arrival_sets_off(&mut self, slot: MessageSlot) {
        let Some(event) = self.network.arrival_event(slot) else { return };
        for fault in self.trace.watch.fired(self.now, &event, &mut *self.chance) {
            let sent = self.network.sent_event(slot).unwrap_or(Seq::OUTSIDE);
            self.fault_begins(fault as u32, sent, Some(slot));
        }
    }

    /// Writes a message, unless a fault on its writing has other plans.
    fn write(&mut self, from: Endpoint, to: Endpoint, correlation: u64, body: MessageBody, cause: Seq) {
        let mut treatment = Treatment::default();
        if self.trace.watch.wants(body.kind(true)) {
            let event = Event::Message(self.network.preview(from, to, None, body.clone()));
            let connection = self.network.connection_between(from, to);
            if !self.treat(&event, connection, false, &mut treatment, cause) {
                return;
            }
        }
        self.with_network(|network, cx| network.write(cx, from, to, correlation, body, treatment, cause));
    }

    /// Carries what has come to machines into them, until nothing is left.
    pub(super) fn carry(&mut self) {
        self.apply_fired();
        loop {
            let mut deliveries = std::mem::take(&mut self.scratch.deliveries);
            self.network.take_deliveries(&mut deliveries);
            if deliveries.is_empty() {
                self.scratch.deliveries = deliveries;
                break;
            }
            for delivery in deliveries.drain(..) {
                self.deliver(delivery);
            }
            self.scratch.deliveries = deliveries;
        }
    }

    pub(super) fn deliver(&mut self, delivery: Delivery) {
        let Some(delivery) = self.piles.keep_delivery(delivery) else { return };
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

/// One component at a time, with its context; then whatever it wants done.
impl<O: Observer> Run<O> {
    pub(super) fn cx(&mut self) -> Cx<'_, O> {
        Cx { now: self.now, chance: &mut *self.chance, trace: &mut self.trace }
    }

    pub(super) fn with_client(
        &mut self,
        client: u16,
        act: impl FnOnce(&mut Client, &mut Cx<'_, O>, &mut Ledger),
    ) {
        let mut cx = Cx { now: self.now, chance: &mut *self.chance, trace: &mut self.trace };
        act(&mut self.clients[usize::from(client)], &mut cx, &mut self.ledger);
        // A stream's records are taken in a loop, in which time passes.
        self.now = cx.now;
        self.apply_fired();
        self.flush_client(client);
    }

    pub(super) fn flush_client(&mut self, at: u16) {
        let client = &mut self.clients[usize::from(at)];
        for wake in client.drain_wakes() {
            match wake {
                Wake::Thread(thread, when) => {
                    let place = u32::from(at) << 16 | thread;
                    self.queue.push_fixed(when, Class::Application, place, Due::Thread(at, thread));
                }
                Wake::Sender(when) => {
                    self.queue.push_fixed(when, Class::Sender, u32::from(at), Due::Sender(at));
                }
            }
        }
        let mut actions = std::mem::take(&mut self.scratch.actions);
        client.take_actions(&mut actions);
        let from = Endpoint::Producer(ProducerIx(at));
        for action in actions.drain(..) {
            self.client_action(from, action);
        }
        self.scratch.actions = actions;
        self.client_settled[usize::from(at)] = self.clients[usize::from(at)].is_settled();
    }

    pub(super) fn client_action(&mut self, from: Endpoint, action: ClientAction) {
        match action {
            ClientAction::Connect { node, cause } => {
                let (from, to) = self.ends_of_client(from, node);
                self.with_network(|network, cx| network.connect(cx, from, to, cause));
            }
            ClientAction::Write { node, correlation, request, cause } => {
                if let Request::Produce(produce) = &request {
                    self.tally.produce(produce);
                }
                let (from, to) = self.ends_of_client(from, node);
                self.write(from, to, correlation, MessageBody::Request(request), cause);
            }
            ClientAction::Close { node, by, cause } => {
                let (from, to) = self.ends_of_client(from, node);
                self.with_network(|network, cx| network.hang_up(cx, from, to, by, cause));
            }
        }
    }

    /// Between whom a client's connection to this node is: nodes behind the brokers are bootstrap servers.
    fn ends_of_client(&self, client: Endpoint, node: BrokerId) -> (Endpoint, Endpoint) {
        let brokers = self.scenario.cluster.brokers;
        match client {
            Endpoint::Producer(producer) if node.0 >= brokers => {
                (Endpoint::Bootstrap(producer), Endpoint::Broker(BrokerId(node.0 - brokers)))
            }
            client => (client, Endpoint::Broker(node)),
        }
    }

    pub(super) fn with_network<R>(&mut self, act: impl FnOnce(&mut Network, &mut Cx<'_, O>) -> R) -> R {
        let mut cx = Cx { now: self.now, chance: &mut *self.chance, trace: &mut self.trace };
        let result = act(&mut self.network, &mut cx);
        let queue = &mut self.queue;
        self.network.take_schedule(|at, timer| queue.push_system(at, Due::Network(timer)));
        result
    }

    pub(super) fn with_broker(&mut self, broker: BrokerId, act: impl FnOnce(&mut Broker, &mut Cx<'_, O>)) {
        if self.processes[broker.0 as usize].up {
            self.with_broker_even_down(broker, act);
        }
    }

    /// The same while its process ends or is no more: its disk and its settings are still there.
    pub(super) fn with_broker_even_down(
        &mut self,
        broker: BrokerId,
        act: impl FnOnce(&mut Broker, &mut Cx<'_, O>),
    ) {
        let mut cx = Cx { now: self.now, chance: &mut *self.chance, trace: &mut self.trace };
        act(&mut self.brokers[broker.0 as usize], &mut cx);
        self.apply_fired();
        self.flush_broker(broker);
    }

    fn flush_broker(&mut self, broker: BrokerId) {
        let mut outputs = std::mem::take(&mut self.scratch.broker_outputs);
        self.brokers[broker.0 as usize].take_outputs(&mut outputs);
        for output in outputs.drain(..) {
            self.carry_output(broker, output);
        }
        self.scratch.broker_outputs = outputs;
    }

    pub(super) fn carry_output(&mut self, broker: BrokerId, output: BrokerOutput) {
        let Some(output) = self.piles.keep_output(broker, output) else { return };
        match output {
            BrokerOutput::Reply { ticket, reply: Reply::Answer(response), cause } => {
                self.answer(&ticket, response, cause);
            }
            BrokerOutput::Reply { ticket, reply: Reply::Close, cause } => {
                self.with_network(|network, cx| network.close_by_acceptor(cx, ticket.connection, cause));
            }
            BrokerOutput::Reply { reply: Reply::Nothing, .. } => {}
            BrokerOutput::Ask { peer, correlation, request, cause } => {
                let body = MessageBody::Request(request);
                self.write(Endpoint::Broker(broker), endpoint(peer), correlation, body, cause);
            }
            BrokerOutput::Hang { peer, by, cause } => {
                let from = Endpoint::Broker(broker);
                self.with_network(|network, cx| network.hang_up(cx, from, endpoint(peer), by, cause));
            }
            BrokerOutput::Timer { at, timer, cause } => {
                let incarnation = self.processes[broker.0 as usize].incarnation;
                self.queue.push_system(at, Due::Broker(broker, incarnation, timer, cause));
            }
            BrokerOutput::Listens => self.network.listens(Endpoint::Broker(broker)),
            BrokerOutput::Stopped { cause } => self.process_ended(broker, cause),
        }
    }

    pub(super) fn with_controller(&mut self, act: impl FnOnce(&mut Controller, &mut Cx<'_, O>)) {
        let mut cx = Cx { now: self.now, chance: &mut *self.chance, trace: &mut self.trace };
        act(&mut self.controller, &mut cx);
        self.lost_tails.look(&self.controller, self.scenario.cluster.elr, self.scenario.profile);
        self.apply_fired();
        let mut outputs = std::mem::take(&mut self.scratch.controller_outputs);
        self.controller.take_outputs(&mut outputs);
        for output in outputs.drain(..) {
            match output {
                ControllerOutput::Answer { ticket, response, cause } => self.answer(&ticket, response, cause),
                ControllerOutput::Tell { broker, incarnation, update, cause } => {
                    if self.brokers[broker.0 as usize].incarnation() == incarnation {
                        let body = MessageBody::Update(update);
                        self.write(Endpoint::Controller, Endpoint::Broker(broker), 0, body, cause);
                    }
                }
                ControllerOutput::Afresh { broker } => self.network.word_begins_anew(broker),
                ControllerOutput::InItsOwnTime { broker, takes } => {
                    self.network.word_takes(self.now, broker, takes);
                }
                ControllerOutput::Timer { at, timer } => {
                    let incarnation = self.controller_process.incarnation;
                    self.queue.push_system(at, Due::Controller(incarnation, timer));
                }
            }
        }
        self.scratch.controller_outputs = outputs;
        for consumer in std::mem::take(&mut self.waiting_consumers) {
            self.consumer_starts(consumer);
        }
    }
}

/// The machine of whoever a broker asks.
pub(super) fn endpoint(peer: Peer) -> Endpoint {
    match peer {
        Peer::Broker(broker) => Endpoint::Broker(broker),
        Peer::Controller => Endpoint::Controller,
    }
}

/// Faults on the writing of a message (`...-sent`).
impl<O: Observer> Run<O> {
    fn answer(&mut self, ticket: &Ticket, response: Response, cause: Seq) {
        let mut treatment = Treatment::default();
        let body = MessageBody::Response(response);
        if self.trace.watch.wants(body.kind(true)) {
            let message = MessageEvent {
                sent: true,
                message: self.network.next_message(),
                request: Some(ticket.message),
                ends: ticket.ends,
                body: body.clone(),
            };
            let connection = Some(ticket.connection);
            if !self.treat(&Event::Message(message), connection, true, &mut treatment, cause) {
                return;
            }
        }
        if let MessageBody::Response(response) = body {
            self.with_network(|network, cx| network.answer(cx, ticket, response, treatment, cause));
        }
    }

    /// Lets the faults act that the writing of this message sets off; false if it is not written after all.
    fn treat(
        &mut self,
        event: &Event,
        connection: Option<u64>,
        back: bool,
        treatment: &mut Treatment,
        cause: Seq,
    ) -> bool {
        let fired = self.trace.watch.fired(self.now, event, &mut *self.chance);
        for fault in fired {
            let scenario = Arc::clone(&self.scenario);
            self.fault_begins(fault as u32, cause, None);
            match &scenario.faults[fault].act {
                Act::Lose => {
                    if let Some(connection) = connection {
                        self.with_network(|network, cx| network.swallow(cx, connection, back, cause));
                    }
                    return false;
                }
                Act::ResetIt => {
                    if let Some(connection) = connection {
                        self.with_network(|network, cx| network.reset_one(cx, connection, cause));
                    }
                    return false;
                }
                Act::Delay { by } => treatment.delay = self.fault_span(fault as u32, by),
                Act::Fail { error, append } => {
                    let tp = self.partition_of(fault as u32);
                    treatment.forced = Some(Forced { error: *error, append: *append, tp });
                }
                _ => {}
            }
        }
        connection.is_none_or(|connection| self.network.is_alive(connection))
    }
}
