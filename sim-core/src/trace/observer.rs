//! Who looks on: nobody, the hash, a recorder; and how an event becomes a line of JSON.

use std::fmt::Write as _;

use super::Seq;
use super::event::{Event, EventKind};
use super::fields::{Items, Value, Visitor};
use crate::hash::{ABSENT, START, mix, text_hash};
use crate::record::Names;
use crate::time::Time;

/// When an event happened, its number and its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The instant.
    pub time: Time,
    /// Its number.
    pub seq: Seq,
    /// What made it happen.
    pub cause: Seq,
}

/// Somebody who sees every event of a run as it happens.
pub trait Observer {
    /// Whether it looks at all; where not, events are not even built.
    const LOOKS: bool = true;

    /// The next event.
    fn event(&mut self, stamp: Stamp, event: &Event, names: &Names);
}

/// Nobody looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    const LOOKS: bool = false;

    fn event(&mut self, _: Stamp, _: &Event, _: &Names) {}
}

/// Two who look, one after the other.
impl<A: Observer, B: Observer> Observer for (A, B) {
    const LOOKS: bool = A::LOOKS || B::LOOKS;

    #[inline]
    fn event(&mut self, stamp: Stamp, event: &Event, names: &Names) {
        if A::LOOKS {
            self.0.event(stamp, event, names);
        }
        if B::LOOKS {
            self.1.event(stamp, event, names);
        }
    }
}

/// Somebody who may or may not look.
impl<O: Observer> Observer for Option<O> {
    #[inline]
    fn event(&mut self, stamp: Stamp, event: &Event, names: &Names) {
        if let Some(observer) = self {
            observer.event(stamp, event, names);
        }
    }
}

/// Keeps the events of the kinds it was asked for.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    kinds: Option<Vec<EventKind>>,
    /// What was kept, in order.
    pub events: Vec<(Stamp, Event)>,
}

impl Recorder {
    /// Keeps everything.
    pub fn all() -> Recorder {
        Recorder::default()
    }

    /// Keeps these kinds.
    pub fn of(kinds: &[EventKind]) -> Recorder {
        Recorder { kinds: Some(kinds.to_vec()), events: Vec::new() }
    }
}

impl Observer for Recorder {
    fn event(&mut self, stamp: Stamp, event: &Event, _: &Names) {
        if self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind())) {
            self.events.push((stamp, event.clone()));
        }
    }
}

/// Takes the trace hash (see [`crate::hash`]).
#[derive(Clone, Debug)]
pub struct Hasher {
    hash: u64,
    producers: Vec<u64>,
    consumers: Vec<u64>,
    topics: Vec<u64>,
}

impl Hasher {
    /// A hasher for runs with these names.
    pub fn new(names: &Names) -> Hasher {
        let hashes = |texts: &[String]| texts.iter().map(|text| text_hash(text)).collect();
        Hasher {
            hash: START,
            producers: hashes(&names.producers),
            consumers: hashes(&names.consumers),
            topics: hashes(&names.topics),
        }
    }

    /// The hash of what has been seen so far, as 16 hexadecimal digits.
    pub fn hex(&self) -> String {
        format!("{:016x}", self.hash)
    }

    /// The hash of what has been seen so far.
    pub fn value(&self) -> u64 {
        self.hash
    }

    #[inline]
    fn word(&mut self, word: u64) {
        self.hash = mix(self.hash, word);
    }
}

impl Observer for Hasher {
    #[inline]
    fn event(&mut self, stamp: Stamp, event: &Event, _: &Names) {
        self.word(stamp.time.nanos());
        self.word(stamp.seq.0);
        self.word(stamp.cause.0);
        self.word(event.kind() as u64);
        event.visit(self);
    }
}

impl Visitor for Hasher {
    #[inline]
    fn field(&mut self, _: &'static str, value: Value<'_>) {
        match value {
            Value::Int(number) => self.word(number as u64),
            Value::Bool(yes) => self.word(u64::from(yes)),
            Value::Word(text) | Value::Text(text) => self.word(text_hash(text)),
            Value::Producer(producer) => self.word(self.producers[producer.0 as usize]),
            Value::Consumer(consumer) => self.word(self.consumers[consumer.0 as usize]),
            Value::Topic(topic) => self.word(self.topics[topic.0 as usize]),
            Value::Record(record) => {
                self.word(mix(self.producers[record.producer.0 as usize], u64::from(record.index)));
            }
            Value::Batch(batch) => {
                self.word(mix(self.producers[batch.producer.0 as usize], u64::from(batch.number)));
            }
            Value::Brokers(brokers) => {
                self.word(brokers.len() as u64);
                for broker in brokers {
                    self.word(u64::from(broker.0));
                }
            }
            Value::List(items) => {
                self.word(items.count() as u64);
                for at in 0..items.count() {
                    items.visit(at, self);
                }
            }
        }
    }

    fn absent(&mut self, _: &'static str) {
        self.word(ABSENT);
    }
}

/// The event as a line of a trace file, without the end of the line.
pub fn json_line(stamp: Stamp, event: &Event, names: &Names) -> String {
    let mut line = Line { text: String::with_capacity(160), names };
    line.text.push('{');
    line.field("t", Value::Int(stamp.time.nanos() as i64));
    line.field("seq", Value::Int(stamp.seq.0 as i64));
    if let Some(cause) = stamp.cause.number() {
        line.field("cause", Value::Int(cause as i64));
    }
    line.field("event", Value::Word(event.kind().name()));
    event.visit(&mut line);
    line.text.push('}');
    line.text
}

struct Line<'a> {
    text: String,
    names: &'a Names,
}

impl Line<'_> {
    fn quoted(&mut self, text: &str) {
        self.text.push('"');
        for c in text.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                c if (c as u32) < 0x20 => {
                    let _ = write!(self.text, "\\u{:04x}", c as u32);
                }
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }

    fn comma(&mut self) {
        if !self.text.ends_with(['{', '[']) {
            self.text.push(',');
        }
    }

    fn items(&mut self, items: &dyn Items) {
        self.text.push('[');
        for at in 0..items.count() {
            self.comma();
            self.text.push('{');
            items.visit(at, self);
            self.text.push('}');
        }
        self.text.push(']');
    }
}

impl Visitor for Line<'_> {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        self.comma();
        self.quoted(name);
        self.text.push(':');
        let names = self.names;
        match value {
            Value::Int(number) => {
                let _ = write!(self.text, "{number}");
            }
            Value::Bool(yes) => self.text.push_str(if yes { "true" } else { "false" }),
            Value::Word(text) => self.quoted(text),
            Value::Text(text) => self.quoted(text),
            Value::Producer(producer) => self.quoted(names.producer(producer)),
            Value::Consumer(consumer) => self.quoted(names.consumer(consumer)),
            Value::Topic(topic) => self.quoted(names.topic(topic)),
            Value::Record(record) => self.quoted(&names.record(record)),
            Value::Batch(batch) => self.quoted(&names.batch(batch)),
            Value::Brokers(brokers) => {
                let list: Vec<String> = brokers.iter().map(ToString::to_string).collect();
                let _ = write!(self.text, "[{}]", list.join(","));
            }
            Value::List(items) => self.items(items),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{BatchId, ProducerIx, RecordId, TopicIx};

    fn names() -> Names {
        Names { producers: vec!["shop".into()], topics: vec!["orders".into()], ..Names::default() }
    }

    fn acknowledged(offset: i64) -> Event {
        Event::Acknowledged {
            producer: ProducerIx(0),
            record: RecordId { producer: ProducerIx(0), index: 3 },
            batch: BatchId { producer: ProducerIx(0), number: 1 },
            topic: TopicIx(0),
            partition: 2,
            offset,
        }
    }

    #[test]
    fn a_line_has_the_fields_in_their_order() {
        let stamp = Stamp { time: Time::from_millis(1), seq: Seq(9), cause: Seq(4) };
        assert_eq!(
            json_line(stamp, &acknowledged(7), &names()),
            r#"{"t":1000000,"seq":9,"cause":4,"event":"acknowledged","producer":"shop","record":"shop-3","batch":"shop/1","topic":"orders","partition":2,"offset":7}"#
        );
    }

    #[test]
    fn a_cause_from_outside_and_an_absent_key_are_left_out() {
        let event = Event::Send {
            producer: ProducerIx(0),
            record: RecordId::default(),
            topic: TopicIx(0),
            key: None,
            attempt: 0,
        };
        let stamp = Stamp { time: Time::ZERO, seq: Seq(0), cause: Seq::OUTSIDE };
        assert_eq!(
            json_line(stamp, &event, &names()),
            r#"{"t":0,"seq":0,"event":"send","producer":"shop","record":"shop-0","topic":"orders","attempt":0}"#
        );
    }

    #[test]
    fn the_hash_sees_every_field_and_the_cause() {
        let hash = |cause, offset| {
            let mut hasher = Hasher::new(&names());
            let stamp = Stamp { time: Time::ZERO, seq: Seq(9), cause };
            hasher.event(stamp, &acknowledged(offset), &names());
            hasher.value()
        };
        assert_ne!(hash(Seq(1), 7), hash(Seq(1), 8));
        assert_ne!(hash(Seq(1), 7), hash(Seq(2), 7));
        assert_ne!(hash(Seq(1), 7), hash(Seq::OUTSIDE, 7));
    }
}
