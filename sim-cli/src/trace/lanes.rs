//! On whose lane an event happens.

use sim_core::record::{BrokerId, ConsumerIx, ProducerIx};
use sim_core::trace::{Ends, Event, MessageBody, MessageEvent, Value, Visitor};

/// A machine, or the run itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// Faults, and what belongs to no machine.
    Run,
    Producer(ProducerIx),
    Broker(BrokerId),
    Controller,
    Consumer(ConsumerIx),
}

impl Lane {
    /// Where an event happens: a message's writing at its sender, its delivery at its receiver.
    pub(crate) fn of(event: &Event) -> Lane {
        match event {
            Event::Message(message) => {
                let (from, to) = ends_of(message);
                if message.sent { from } else { to }
            }
            Event::LeaderChanged { .. }
            | Event::IsrShrunk { .. }
            | Event::IsrExpanded { .. }
            | Event::ElrChanged { .. }
            | Event::BrokerRegistered { .. }
            | Event::BrokerFenced { .. }
            | Event::BrokerUnfenced { .. } => Lane::Controller,
            Event::Append { broker, .. }
            | Event::AppendDuplicate { broker, .. }
            | Event::AppendRefused { broker, .. } => Lane::Broker(*broker),
            Event::RunStarted { .. }
            | Event::RunEnded { .. }
            | Event::Fault { .. }
            | Event::MessageLost { .. } => Lane::Run,
            other => named(other),
        }
    }
}

/// From whom a message comes and to whom it goes.
pub(crate) fn ends_of(message: &MessageEvent) -> (Lane, Lane) {
    let Ends { producer, consumer, follower, broker } = message.ends;
    let broker = Lane::Broker(broker);
    let asker = match (producer, consumer, follower) {
        (Some(producer), _, _) => Lane::Producer(producer),
        (_, Some(consumer), _) => Lane::Consumer(consumer),
        (_, _, Some(follower)) => Lane::Broker(follower),
        // A broker that asks the controller.
        _ => {
            return match message.body {
                MessageBody::Request(_) => (broker, Lane::Controller),
                MessageBody::Response(_) | MessageBody::Update(_) => (Lane::Controller, broker),
            };
        }
    };
    match message.body {
        MessageBody::Request(_) => (asker, broker),
        MessageBody::Response(_) | MessageBody::Update(_) => (broker, asker),
    }
}

/// By the first producer, consumer or broker that the event names.
fn named(event: &Event) -> Lane {
    let mut first = First(Lane::Run);
    event.visit(&mut first);
    first.0
}

struct First(Lane);

impl Visitor for First {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        if self.0 != Lane::Run {
            return;
        }
        match value {
            Value::Producer(producer) => self.0 = Lane::Producer(producer),
            Value::Consumer(consumer) => self.0 = Lane::Consumer(consumer),
            Value::Int(id) if matches!(name, "follower" | "broker") && id >= 0 => {
                self.0 = Lane::Broker(BrokerId(id as u32));
            }
            _ => {}
        }
    }
}
