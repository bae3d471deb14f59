//! Faults, carried out.

use std::sync::Arc;

use super::controller_process::{ADMIN_TIMEOUT, Waiting};
use super::run::{Due, Refused, Run};
use crate::controller::{Admin, AdminError};
use crate::network::{CutRule, Endpoint, Forced, MessageSlot};
use crate::record::{BrokerId, ProducerIx, TopicPartition};
use crate::sampling;
use crate::scenario::{Act, BrokerRef, CutEnd, LinkEnd, PowerLoss, Sampled, When};
use crate::time::Span;
use crate::trace::{Event, Observer, Seq};

use super::queue::Class;

impl<O: Observer> Run<O> {
    /// A fault begins: at its time, or because an event set it off (`cause`), which may be a message about to be written
    /// or delivered (`it`).
    pub(super) fn fault_begins(&mut self, fault: u32, cause: Seq, it: Option<MessageSlot>) {
        let scenario = Arc::clone(&self.scenario);
        let Some(what) = scenario.faults.get(fault as usize) else { return };
        self.faults.begin(matches!(what.when, When::At(_)));
        let name = what.act.name();
        let begun =
            self.cx().emit(cause, || Event::Fault { fault: fault as i32, r#do: name, state: "begun" });
        let lasting = self.carry_out(fault, &what.act, begun, it);
        if let Some(span) = self.faults.lasts(fault, lasting, &mut *self.chance) {
            self.queue.push_fixed(self.now + span, Class::Fault, fault, Due::FaultEnds(fault));
        }
    }

    /// Does it, and says how long it lasts if it has an end.
    fn carry_out(&mut self, fault: u32, act: &Act, cause: Seq, it: Option<MessageSlot>) -> Option<Sampled> {
        match act {
            Act::Lose => {
                let slot = it?;
                self.with_network(|network, cx| network.lose(cx, slot, "fault"));
            }
            Act::Delay { by } => {
                let slot = it?;
                let by = self.fault_span(fault, by);
                self.network.delay(self.now, slot, by);
            }
            Act::ResetIt => {
                let slot = it?;
                self.with_network(|network, cx| network.reset_connection_of(cx, slot, cause));
            }
            Act::Fail { error, append } => {
                let tp = self.partition_of(fault);
                self.network.force(it?, Forced { error: *error, append: *append, tp });
            }
            Act::Reset { between } => {
                let sides = self.sides(between);
                let rule = CutRule { fault: fault as usize, sides, one_way: false, reject: true };
                self.with_network(|network, cx| network.reset_between(cx, |a, b| rule.concerns(a, b), cause));
            }
            Act::Cut { between, one_way, reject, r#for } => {
                let sides = self.sides(between);
                let rule = CutRule { fault: fault as usize, sides, one_way: *one_way, reject: *reject };
                self.with_network(|network, cx| network.cut(cx, rule, cause));
                return *r#for;
            }
            Act::Crash { broker, power, r#for } => {
                let broker = self.broker_meant(*broker)?;
                self.faults_hit(fault, broker);
                match power {
                    None => self.crash(broker, cause),
                    Some(PowerLoss { survives }) => self.lose_power(broker, *survives, cause),
                }
                return *r#for;
            }
            Act::Shutdown { broker, r#for } => {
                let broker = self.broker_meant(*broker)?;
                self.faults_hit(fault, broker);
                self.shut_down(broker, cause);
                return *r#for;
            }
            Act::Fence { broker, r#for } => {
                let broker = self.broker_meant(*broker)?;
                self.faults_hit(fault, broker);
                self.administer(fault, Admin::Fence(broker), cause);
                return *r#for;
            }
            Act::Unfence { broker } => {
                let broker = self.broker_meant(*broker)?;
                self.unfence(fault, broker, cause);
            }
            Act::CrashController { r#for } => {
                self.crash_controller(cause);
                return *r#for;
            }
            Act::RestartController => self.start_controller(cause),
            Act::Restart { broker } => {
                let broker = self.broker_meant(*broker)?;
                self.start_broker(broker, cause);
            }
            Act::Pause { broker, r#for } => {
                let broker = self.broker_meant(*broker)?;
                self.faults_hit(fault, broker);
                self.pause(broker, cause);
                return *r#for;
            }
            Act::Slow { broker, by, disk, r#for } => {
                let broker = self.broker_meant(*broker)?;
                self.faults_hit(fault, broker);
                self.slow(broker, by.map(Some), disk.map(Some));
                return *r#for;
            }
            Act::BlockFetches { broker, r#for } => {
                let broker = self.broker_meant(*broker)?;
                self.faults_hit(fault, broker);
                self.with_broker_even_down(broker, |broker, cx| broker.block_fetches(cx, true, cause));
                return *r#for;
            }
            Act::Elect { tp, leader, unclean } => {
                let leader = leader.and_then(|leader| self.broker_meant(leader));
                self.administer(fault, Admin::Elect { tp: *tp, leader, unclean: *unclean }, cause);
            }
            Act::AddPartitions { topic, to } => {
                self.administer(fault, Admin::AddPartitions { topic: *topic, to: *to }, cause);
            }
            Act::SetConfig(acting) => {
                let to = (**acting).clone();
                self.administer(fault, Admin::SetConfig { change: fault, to }, cause);
            }
            Act::KillProducer { producer, r#for } => {
                self.end_process(*producer, cause);
                return *r#for;
            }
            Act::AbandonProducer { producer } => self.end_process(*producer, cause),
            Act::CloseProducer { producer, timeout } => self.close_producer(*producer, *timeout, cause),
            Act::FlushProducer { producer } => {
                self.with_client(*producer, |client, cx, _| client.flush(cx, cause));
            }
        }
        None
    }

    /// A fault that lasted is over.
    pub(super) fn fault_ends(&mut self, fault: u32) {
        let scenario = Arc::clone(&self.scenario);
        let Some(what) = scenario.faults.get(fault as usize) else { return };
        self.faults.end();
        let name = what.act.name();
        let over =
            self.cx().emit(Seq::OUTSIDE, || Event::Fault { fault: fault as i32, r#do: name, state: "over" });
        match &what.act {
            Act::Cut { .. } => self.network.heal(fault as usize),
            Act::Crash { .. } => {
                if let Some(broker) = self.faults_target(fault) {
                    self.start_broker(broker, over);
                }
            }
            Act::Shutdown { .. } => {
                if let Some(broker) = self.faults_target(fault) {
                    let process = &mut self.processes[broker.0 as usize];
                    if process.ending {
                        process.start_after = Some(over);
                    } else {
                        self.start_broker(broker, over);
                    }
                }
            }
            Act::Fence { .. } => {
                if let Some(broker) = self.faults_target(fault) {
                    self.unfence(fault, broker, over);
                }
            }
            Act::CrashController { .. } => self.start_controller(over),
            Act::Pause { .. } => {
                if let Some(broker) = self.faults_target(fault) {
                    self.resume(broker, over);
                }
            }
            Act::Slow { by, disk, .. } => {
                if let Some(broker) = self.faults_target(fault) {
                    self.slow(broker, by.map(|_| None), disk.map(|_| None));
                }
            }
            Act::BlockFetches { .. } => {
                if let Some(broker) = self.faults_target(fault) {
                    self.with_broker_even_down(broker, |broker, cx| broker.block_fetches(cx, false, over));
                }
            }
            Act::KillProducer { producer, .. } => self.start_process_again(*producer),
            _ => {}
        }
    }

    /// The length of a delay, drawn if it is a distribution.
    pub(super) fn fault_span(&mut self, fault: u32, span: &Sampled) -> Span {
        let stream = self.chance.stream(format_args!("fault/{fault}/by"));
        sampling::draw(span, &mut *self.chance, stream)
    }

    /// The partition that a fault's `on` names, if it names one.
    pub(super) fn partition_of(&self, fault: u32) -> Option<TopicPartition> {
        let When::On(on) = &self.scenario.faults[fault as usize].when else { return None };
        let topic =
            on.topic.or(if self.scenario.topics.len() == 1 { Some(Default::default()) } else { None });
        Some(TopicPartition { topic: topic?, partition: on.partition? })
    }

    /// The broker that a fault means, as the controller sees the cluster now.
    fn broker_meant(&self, meant: BrokerRef) -> Option<BrokerId> {
        match meant {
            BrokerRef::Id(broker) => Some(broker),
            BrokerRef::LeaderOf(tp) => self.controller.partition(tp)?.leader,
            BrokerRef::FollowerOf(tp) => {
                let partition = self.controller.partition(tp)?;
                partition.replicas.iter().copied().filter(|&replica| Some(replica) != partition.leader).min()
            }
        }
    }

    fn sides(&self, between: &[Vec<CutEnd>; 2]) -> [Vec<LinkEnd>; 2] {
        between.each_ref().map(|side| {
            side.iter()
                .filter_map(|end| match *end {
                    CutEnd::Link(link) => Some(link),
                    CutEnd::Broker(broker) => self.broker_meant(broker).map(LinkEnd::Broker),
                })
                .collect()
        })
    }

    fn faults_hit(&mut self, fault: u32, broker: BrokerId) {
        self.targets[fault as usize].push_back(broker);
    }

    fn faults_target(&mut self, fault: u32) -> Option<BrokerId> {
        self.targets[fault as usize].pop_front()
    }

    /// Requests, appends or both take longer from now on, or no longer.
    fn slow(&mut self, broker: BrokerId, by: Option<Option<Sampled>>, disk: Option<Option<Sampled>>) {
        let broker = &mut self.brokers[broker.0 as usize];
        if let Some(by) = by {
            broker.slow(by);
        }
        if let Some(disk) = disk {
            broker.slow_disk(disk);
        }
    }

    /// A broker is no longer fenced by hand. Without a controller its heartbeats decide again as soon as there is one.
    fn unfence(&mut self, fault: u32, broker: BrokerId, cause: Seq) {
        if !self.controller_process.up {
            return self.controller.forget_hold(broker);
        }
        let up = self.processes[broker.0 as usize].up;
        self.administer(fault, Admin::Unfence { broker, up }, cause);
    }

    /// Asks the controller. What it refuses changes nothing, and is kept for whoever tells the story.
    fn administer(&mut self, fault: u32, admin: Admin, cause: Seq) {
        let waits = !matches!(admin, Admin::Fence(_) | Admin::Unfence { .. });
        if self.controller_process.up {
            let mut done = Ok(());
            self.with_controller(|controller, cx| done = controller.admin(cx, &admin, cause));
            if let Err(error) = done {
                self.refuse(fault, cause, error);
            }
        } else if waits {
            self.waiting_admins.push(Waiting { fault, admin, cause, until: self.now + ADMIN_TIMEOUT });
        } else {
            self.refuse(fault, cause, AdminError::NoController);
        }
    }

    /// The controller is back: what administrators still want is done, in the order in which they asked.
    pub(super) fn administer_what_waits(&mut self) {
        for wish in std::mem::take(&mut self.waiting_admins) {
            if wish.until < self.now {
                self.refuse(wish.fault, wish.cause, AdminError::NoController);
            } else if self.controller_process.up {
                self.administer(wish.fault, wish.admin, wish.cause);
            } else {
                self.waiting_admins.push(wish);
            }
        }
    }

    /// The run ends without a controller: nothing has become of what administrators want.
    pub(super) fn refuse_what_waits(&mut self) {
        for wish in std::mem::take(&mut self.waiting_admins) {
            self.refuse(wish.fault, wish.cause, AdminError::NoController);
        }
    }

    fn refuse(&mut self, fault: u32, seq: Seq, error: AdminError) {
        self.refused.push(Refused { fault, time: self.now, seq, error });
    }

    /// A producer's process ends without `close()`: its connections close behind what was written.
    fn end_process(&mut self, producer: u16, cause: Seq) {
        let client = &mut self.clients[usize::from(producer)];
        if client.producer().is_none() {
            return;
        }
        client.die();
        self.client_settled[usize::from(producer)] = client.is_settled();
        let producer = ProducerIx(producer);
        for broker in (0..self.brokers.len() as u32).map(|id| Endpoint::Broker(BrokerId(id))) {
            for end in [Endpoint::Producer(producer), Endpoint::Bootstrap(producer)] {
                self.with_network(|network, cx| network.hang_up(cx, end, broker, "client", cause));
            }
        }
    }

    fn start_process_again(&mut self, producer: u16) {
        let ix = ProducerIx(producer);
        let fresh = self.new_producer(ix);
        let client = &mut self.clients[usize::from(producer)];
        if client.producer().is_none() {
            client.start_again(self.now, fresh, &self.ledger);
            self.restarts.push((ix, self.now));
            self.client_settled[usize::from(producer)] = false;
            self.flush_client(producer);
        }
    }

    fn close_producer(&mut self, producer: u16, timeout: Option<Span>, cause: Seq) {
        let mut force_at = None;
        self.with_client(producer, |client, cx, _| force_at = client.close(cx, timeout, cause));
        if let Some(at) = force_at {
            self.queue.push_fixed(
                at,
                Class::Application,
                // Behind its streams.
                u32::from(producer) << 16 | 0xffff,
                Due::ForceClose(producer),
            );
        }
    }
}
