//! `[chaos]`: faults that come at random, drawn from streams of their own, each with the end that it is given.
//!
//! A kind of fault comes at the times of a Poisson process, and strikes whom it may at that moment: a broker that runs, or
//! two machines that talk to each other. A message that is to be lost or late is the next one of its sort to come to a
//! machine. What has begun keeps the run open until it is over; what might still come does not.

use std::sync::Arc;

use super::queue::Class;
use super::run::{Due, Run};
use crate::chance::{Chance, Stream};
use crate::controller::Registration;
use crate::network::{CutRule, Endpoint, MessageSlot};
use crate::record::BrokerId;
use crate::sampling;
use crate::scenario::{ChaosFault, ChaosKind, LinkEnd, Scenario};
use crate::time::{Span, Time};
use crate::trace::{Event, EventKind, Observer, Seq};

/// The number of a random fault in the trace.
const CHAOS: i32 = -1;

/// Random faults of a run, under way and to come; none for most runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Chaos {
    /// In the order of `scenario.chaos`.
    streams: Vec<Streams>,
    /// Those that wait for a message.
    armed: Vec<Armed>,
    /// Those that last.
    lasting: Vec<Lasting>,
    /// How many there have been.
    begun: u32,
}

/// What one kind of fault is drawn from.
#[derive(Clone, Copy, Debug)]
struct Streams {
    when: Stream,
    whom: Stream,
    lasts: Stream,
}

/// The next message of this sort is struck, or all of them for a time.
#[derive(Clone, Copy, Debug)]
struct Armed {
    kind: ChaosKind,
    sort: Sort,
    /// Of a delay: by how much.
    by: Span,
    /// For all messages up to then; none: for one.
    until: Option<Time>,
}

/// Between whom a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Client,
    Follower,
    Controller,
}

/// A fault that lasts.
#[derive(Clone, Copy, Debug)]
struct Lasting {
    number: u32,
    kind: ChaosKind,
    /// Whom it has struck, if that is one broker.
    broker: Option<BrokerId>,
}

impl Chaos {
    /// Opens the streams of every kind that the scenario has, and says when each strikes first.
    pub(super) fn new(scenario: &Scenario, chance: &mut dyn Chance) -> (Chaos, Vec<(u32, Time)>) {
        let mut chaos = Chaos::default();
        let mut first = Vec::new();
        let Some(settings) = &scenario.chaos else { return (chaos, first) };
        for (fault, at) in settings.faults.iter().zip(0..) {
            let mut stream = |what: &str| chance.stream(format_args!("chaos/{}/{what}", fault.kind.name()));
            let streams = Streams { when: stream("when"), whom: stream("whom"), lasts: stream("for") };
            chaos.streams.push(streams);
            first.push((at, settings.from + sampling::gap(fault.rate, chance, streams.when)));
        }
        first.retain(|&(_, time)| time < settings.until);
        (chaos, first)
    }

    /// Whether some message is to be lost or late.
    #[inline]
    pub(super) fn waits_for_a_message(&self) -> bool {
        !self.armed.is_empty()
    }
}

impl<O: Observer> Run<O> {
    /// The place of chaos among the faults of one instant: behind those of the file.
    pub(super) fn chaos_place(&self, at: u32) -> u32 {
        self.scenario.faults.len() as u32 + at
    }

    /// A kind of fault strikes, if there is whom to strike; then it waits for its next time.
    pub(super) fn chaos_strikes(&mut self, at: u32) {
        let scenario = Arc::clone(&self.scenario);
        let Some(settings) = &scenario.chaos else { return };
        let (fault, streams) = (settings.faults[at as usize], self.chaos.streams[at as usize]);
        let next = self.now + sampling::gap(fault.rate, &mut *self.chance, streams.when);
        if next < settings.until {
            self.queue.push_fixed(next, Class::Fault, self.chaos_place(at), Due::Chaos(at));
        }
        match fault.kind {
            ChaosKind::Crash | ChaosKind::Power | ChaosKind::Pause => {
                self.strike_broker(fault, streams, settings.max_down);
            }
            ChaosKind::Cut | ChaosKind::Reset => self.strike_link(fault, streams),
            ChaosKind::LoseRequest | ChaosKind::LoseResponse | ChaosKind::Delay => {
                self.strike_message(fault, streams);
            }
        }
    }

    fn strike_broker(&mut self, fault: ChaosFault, streams: Streams, max_down: Option<u32>) {
        let all: Vec<BrokerId> = self.brokers.iter().map(crate::broker::Broker::id).collect();
        let away: Vec<BrokerId> = all.iter().copied().filter(|&broker| self.is_away(broker)).collect();
        let has_room = max_down.is_none_or(|most| (away.len() as u32) < most);
        let may = |&broker: &BrokerId| self.runs(broker) && (has_room || away.contains(&broker));
        let whom: Vec<BrokerId> = all.into_iter().filter(may).collect();
        let Some(broker) = self.one_of(&whom, streams.whom) else { return };
        let begun = self.chaos_begins(fault.kind);
        match fault.kind {
            ChaosKind::Crash => self.crash(broker, begun),
            ChaosKind::Power => self.lose_power(broker, None, begun),
            _ => self.pause(broker, begun),
        }
        self.chaos_lasts(fault, streams, Some(broker));
    }

    /// Whether a broker's process is there and moves.
    fn runs(&self, broker: BrokerId) -> bool {
        self.processes[broker.0 as usize].up && !self.piles.has(broker)
    }

    /// Whether a broker is down, stands still, or is not back in all of its ISRs yet. The controller may not have missed it
    /// at all: then its ISRs speak of the process before.
    fn is_away(&self, broker: BrokerId) -> bool {
        let is_out =
            |replicas: &[BrokerId], isr: &[BrokerId]| replicas.contains(&broker) && !isr.contains(&broker);
        let incarnation = self.processes[broker.0 as usize].incarnation;
        let is_known =
            |registered: &Registration| !registered.fenced && registered.incarnation == incarnation;
        !self.runs(broker)
            || !self.controller.broker(broker).is_some_and(is_known)
            || self.controller.partitions().any(|(_, state)| is_out(&state.replicas, &state.isr))
    }

    /// Two machines that talk to each other: every pair is as likely as any other.
    fn strike_link(&mut self, fault: ChaosFault, streams: Streams) {
        let producers = (0..self.scenario.producers.len() as u16).map(LinkEnd::Producer);
        let clients = producers.chain((0..self.scenario.consumers.len() as u16).map(LinkEnd::Consumer));
        let machines: Vec<LinkEnd> = clients.chain([LinkEnd::Controller]).collect();
        let mut pairs = Vec::new();
        for id in (0..self.scenario.cluster.brokers).map(BrokerId) {
            pairs.extend(machines.iter().map(|&machine| [machine, LinkEnd::Broker(id)]));
            pairs.extend((0..id.0).map(|other| [LinkEnd::Broker(BrokerId(other)), LinkEnd::Broker(id)]));
        }
        let Some(mut pair) = self.one_of(&pairs, streams.whom) else { return };
        let mut one_way = false;
        if fault.kind == ChaosKind::Cut {
            match self.chance.below(streams.whom, 3) {
                0 => {}
                1 => one_way = true,
                _ => {
                    one_way = true;
                    pair.reverse();
                }
            }
        }
        let begun = self.chaos_begins(fault.kind);
        let rule = CutRule {
            fault: self.chaos_rule(self.chaos.begun),
            sides: pair.map(|end| vec![end]),
            one_way,
            reject: fault.kind == ChaosKind::Reset,
        };
        if fault.kind == ChaosKind::Reset && fault.r#for.is_none() {
            self.with_network(|network, cx| network.reset_between(cx, |a, b| rule.concerns(a, b), begun));
        } else {
            self.with_network(|network, cx| network.cut(cx, rule, begun));
        }
        self.chaos_lasts(fault, streams, None);
    }

    /// The number of a random cut's rule: behind those of the file's faults.
    fn chaos_rule(&self, number: u32) -> usize {
        self.scenario.faults.len() + number as usize
    }

    /// The next message of a sort; every sort is as likely as the others.
    fn strike_message(&mut self, fault: ChaosFault, streams: Streams) {
        let sorts = [Sort::Client, Sort::Follower, Sort::Controller];
        let sort = sorts[self.chance.below(streams.whom, sorts.len() as u64) as usize];
        let span = fault.r#for.map(|span| sampling::draw(&span, &mut *self.chance, streams.lasts));
        let (by, until) = match fault.kind {
            ChaosKind::Delay => (span.unwrap_or(Span::ZERO), None),
            _ => (Span::ZERO, span.map(|span| self.now + span)),
        };
        self.chaos.armed.push(Armed { kind: fault.kind, sort, by, until });
    }

    /// A message is about to be delivered: is it one that is to be lost or late?
    pub(super) fn chaos_meets(&mut self, slot: MessageSlot) {
        let now = self.now;
        self.chaos.armed.retain(|armed| armed.until.is_none_or(|until| now < until));
        let (Some(kind), Some((opener, acceptor))) = (self.network.kind(slot), self.network.ends_of(slot))
        else {
            return;
        };
        let sort = match (opener, acceptor) {
            (Endpoint::Controller, _) | (_, Endpoint::Controller) => Sort::Controller,
            (Endpoint::Broker(_), Endpoint::Broker(_)) => Sort::Follower,
            _ => Sort::Client,
        };
        let strikes = |armed: &Armed| armed.sort == sort && armed.kind.strikes(kind);
        let Some(at) = self.chaos.armed.iter().position(strikes) else { return };
        let armed = self.chaos.armed[at];
        if armed.until.is_none() {
            self.chaos.armed.remove(at);
        }
        self.chaos_begins(armed.kind);
        if armed.kind == ChaosKind::Delay {
            self.network.delay(self.now, slot, armed.by);
        } else {
            self.with_network(|network, cx| network.lose(cx, slot, "fault"));
        }
    }

    fn chaos_begins(&mut self, kind: ChaosKind) -> Seq {
        self.chaos.begun += 1;
        self.cx().emit(Seq::OUTSIDE, || Event::Fault { fault: CHAOS, r#do: kind.name(), state: "begun" })
    }

    /// What has just begun has an end, if the scenario gives it one.
    fn chaos_lasts(&mut self, fault: ChaosFault, streams: Streams, broker: Option<BrokerId>) {
        let Some(span) = fault.r#for else { return };
        let number = self.chaos.begun;
        let ends = self.now + sampling::draw(&span, &mut *self.chance, streams.lasts);
        self.chaos.lasting.push(Lasting { number, kind: fault.kind, broker });
        self.faults.goes_on();
        let place = self.chaos_place(ChaosKind::ALL.len() as u32 + number);
        self.queue.push_fixed(ends, Class::Fault, place, Due::ChaosEnds(number));
    }

    /// A random fault that lasted is over.
    pub(super) fn chaos_ends(&mut self, number: u32) {
        let Some(at) = self.chaos.lasting.iter().position(|lasting| lasting.number == number) else { return };
        let Lasting { kind, broker, .. } = self.chaos.lasting.remove(at);
        self.faults.end();
        let over =
            self.cx().emit(Seq::OUTSIDE, || Event::Fault { fault: CHAOS, r#do: kind.name(), state: "over" });
        match broker {
            Some(broker) if kind == ChaosKind::Pause => self.resume(broker, over),
            Some(broker) => self.start_broker(broker, over),
            None => self.network.heal(self.chaos_rule(number)),
        }
    }

    fn one_of<T: Copy>(&mut self, of: &[T], stream: Stream) -> Option<T> {
        match of.len() {
            0 => None,
            n => Some(of[self.chance.below(stream, n as u64) as usize]),
        }
    }
}

impl ChaosKind {
    /// Whether it strikes messages of this kind.
    fn strikes(self, kind: EventKind) -> bool {
        match self {
            ChaosKind::LoseRequest => kind.name().ends_with("-request"),
            ChaosKind::LoseResponse => kind.name().ends_with("-response"),
            ChaosKind::Delay => true,
            _ => false,
        }
    }
}
