//! One component at a time, with its context; then whatever it wants done.

use super::client::{Client, Wake};
use super::queue::Class;
use super::run::{Due, Run};
use crate::broker::{Broker, BrokerOutput, Peer, Reply};
use crate::controller::{Controller, ControllerOutput};
use crate::network::{Endpoint, Network};
use crate::protocol::{ClientAction, Request};
use crate::record::{BrokerId, ProducerIx};
use crate::trace::{Cx, MessageBody, Observer};
use crate::verdict::Ledger;

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
        if let Some(pile) = self.piles.for_output(broker, &output) {
            return pile.keep_output(output);
        }
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
                // What has been due while the process stood still, or tried in vain, is due now.
                let at = at.max(self.now);
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
        self.old_min_isr.look(&self.controller, &self.brokers);
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
