//! `on = { event = ... }`: which events set off a fault.

use super::event::{Event, EventKind, MessageBody, MessageEvent};
use super::fields::{Value, Visitor};
use crate::chance::{Chance, Stream};
use crate::protocol::{Request, Response};
use crate::record::{BrokerId, ProducerIx, RecordId, TopicIx};
use crate::time::Time;

/// Which events match: the kind, and what narrows it down.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The kind of event.
    pub kind: EventKind,
    /// Only this producer's.
    pub producer: Option<ProducerIx>,
    /// Only at this broker.
    pub broker: Option<BrokerId>,
    /// Only of this topic.
    pub topic: Option<TopicIx>,
    /// Only of this partition number.
    pub partition: Option<u32>,
    /// Only about this record.
    pub record: Option<RecordId>,
}

/// Which of the matching events.
#[derive(Clone, Debug, PartialEq)]
pub enum Occurrence {
    /// These, counted from 1.
    Nths(Vec<u64>),
    /// Every n-th.
    Every(u64),
    /// Each with this probability, drawn from the stream.
    Probability(f64, Stream),
}

/// A filter that counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// What matches.
    pub filter: Filter,
    /// Which of them.
    pub occurrence: Occurrence,
    /// Not before.
    pub from: Time,
    /// Not from here on.
    pub until: Time,
    /// How many have matched so far.
    pub seen: u64,
}

/// The armed triggers of a run, by the number of their fault.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    triggers: Vec<(usize, Trigger)>,
    events: bool,
}

impl Watch {
    /// Arms a trigger for the fault of this number.
    pub fn arm(&mut self, fault: usize, trigger: Trigger) {
        self.events |= !trigger.filter.kind.is_message();
        self.triggers.push((fault, trigger));
    }

    /// Whether any trigger waits for something other than a message: then events are built even if nobody looks on.
    #[inline]
    pub fn wants_events(&self) -> bool {
        self.events
    }

    /// Whether any trigger waits for a message of this kind.
    #[inline]
    pub fn wants(&self, kind: EventKind) -> bool {
        self.triggers.iter().any(|(_, trigger)| trigger.filter.kind == kind)
    }

    /// The faults that this event sets off, in the order of the file.
    pub fn fired(&mut self, now: Time, event: &Event, chance: &mut dyn Chance) -> Vec<usize> {
        let kind = event.kind();
        let mut fired = Vec::new();
        for (fault, trigger) in &mut self.triggers {
            if trigger.filter.kind == kind && trigger.fires(now, event, chance) {
                fired.push(*fault);
            }
        }
        fired
    }
}

impl Trigger {
    fn fires(&mut self, now: Time, event: &Event, chance: &mut dyn Chance) -> bool {
        if now < self.from || now >= self.until || !self.filter.fits(event) {
            return false;
        }
        self.seen += 1;
        match &self.occurrence {
            Occurrence::Nths(nths) => nths.contains(&self.seen),
            Occurrence::Every(n) => self.seen.is_multiple_of(*n),
            Occurrence::Probability(p, stream) => chance.fraction(*stream) < *p,
        }
    }

    /// Whether it can fire no more.
    pub fn is_spent(&self, now: Time) -> bool {
        now >= self.until
            || matches!(&self.occurrence, Occurrence::Nths(nths) if nths.iter().all(|&nth| nth <= self.seen))
    }
}

impl Filter {
    fn fits(&self, event: &Event) -> bool {
        let mut subject = Subject {
            wanted: self,
            topic: None,
            fits: true,
            at_place: self.topic.is_none() && self.partition.is_none(),
        };
        event.visit(&mut subject);
        subject.fits && subject.at_place && self.record.is_none_or(|record| holds(event, record))
    }
}

/// Walks over the fields of an event, its lists included, and compares.
struct Subject<'a> {
    wanted: &'a Filter,
    topic: Option<TopicIx>,
    fits: bool,
    /// Whether some topic and partition of the event is the wanted one.
    at_place: bool,
}

impl Visitor for Subject<'_> {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        match value {
            Value::Producer(producer) if name == "producer" => {
                self.fits &= self.wanted.producer.is_none_or(|wanted| wanted == producer);
            }
            Value::Int(broker) if name == "broker" => {
                self.fits &= self.wanted.broker.is_none_or(|wanted| i64::from(wanted.0) == broker);
            }
            Value::Topic(topic) if name == "topic" => {
                self.topic = Some(topic);
                self.at_place |= self.wanted.partition.is_none() && self.wanted.topic == Some(topic);
            }
            Value::Int(partition) if name == "partition" => {
                let topic_fits = self.wanted.topic.is_none_or(|wanted| Some(wanted) == self.topic);
                self.at_place |=
                    topic_fits && self.wanted.partition.is_some_and(|wanted| i64::from(wanted) == partition);
            }
            Value::List(items) => {
                for at in 0..items.count() {
                    items.visit(at, self);
                }
            }
            _ => {}
        }
    }

    fn absent(&mut self, name: &'static str) {
        self.fits &= !(name == "producer" && self.wanted.producer.is_some());
    }
}

/// Whether an event is about a record, or its message carries it.
fn holds(event: &Event, record: RecordId) -> bool {
    match event {
        Event::Message(MessageEvent { body: MessageBody::Request(Request::Produce(produce)), .. }) => {
            produce.batches.iter().any(|batch| {
                batch.batch.producer == record.producer
                    && batch.records.iter().any(|index| index == record.index)
            })
        }
        Event::Message(MessageEvent { body: MessageBody::Response(Response::Fetch(fetch)), .. }) => {
            fetch.partitions.iter().flat_map(|partition| &partition.batches).any(|stored| {
                stored.batch.batch.producer == record.producer
                    && stored.batch.records.iter().any(|index| index == record.index)
            })
        }
        other => {
            let mut about = About { record, found: false };
            other.visit(&mut about);
            about.found
        }
    }
}

struct About {
    record: RecordId,
    found: bool,
}

impl Visitor for About {
    fn field(&mut self, _: &'static str, value: Value<'_>) {
        if let Value::Record(record) = value {
            self.found |= record == self.record;
        }
    }
}
