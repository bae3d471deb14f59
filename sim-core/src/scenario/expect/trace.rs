//! `trace = [...]` of `[expect]`: events counted as they happen.

use super::super::document::{Entry, Node, Value as Written};
use super::super::nearest::suggestion;
use super::super::quantity::short;
use super::super::read::{World, event_kind};
use super::super::section::{Section, duration};
use super::check::Mismatch;
use super::read::number;
use super::{Expect, Range};
use crate::record::{Names, ProducerIx};
use crate::time::{Span, Time};
use crate::trace::{Event, EventKind, Observer, Stamp, Value, Visitor};

/// Events of a kind whose fields have certain values: how many, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceExpectation {
    /// As a message names it: `leader-changed leader=1`.
    pub what: String,
    /// The kind.
    pub event: EventKind,
    /// Names of fields and what they must be; those of a list in one and the same of its items.
    pub fields: Vec<(String, FieldValue)>,
    /// How many.
    pub count: Range,
    /// When the first one comes.
    pub first: Option<(Time, Time)>,
    /// When the last one comes.
    pub last: Option<(Time, Time)>,
}

/// What a field must be.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// A number in this range.
    Number(Range),
    /// True or false.
    Truth(bool),
    /// A word or a name, as a trace line writes it.
    Word(String),
    /// A name with a number behind it, also as one text: record `shop-3`, batch `shop/3`.
    Numbered(String, u32),
    /// These brokers in this order.
    Brokers(Vec<u32>),
}

/// More fields than any event has.
const MAX_FIELDS: usize = 32;

/// Reads one entry of `trace`.
pub(super) fn read(node: &Node, world: &World<'_>) -> Option<TraceExpectation> {
    let problems = world.problems;
    let Some(table) = node.as_table() else {
        problems.report(
            node.at,
            format!("an entry of `trace` is a table, not {}", node.kind()),
            "write `{ event = \"append\", count = 3 }`",
        );
        return None;
    };
    let Some(event_node) = table.get("event") else {
        problems.report(
            node.at,
            "an entry of `trace` needs `event`",
            "write `{ event = \"append\", count = 3 }`",
        );
        return None;
    };
    let event = event_kind(event_node, world)?;
    let known = event.fields();
    let mut expectation = TraceExpectation {
        what: event.name().to_owned(),
        event,
        fields: Vec::new(),
        count: Range::at_least(1.0),
        first: None,
        last: None,
    };
    for entry in &table.entries {
        match entry.key.as_str() {
            "event" => {}
            "count" => expectation.count = number(&entry.value, "count", problems)?,
            "first" => expectation.first = Some(times(&entry.value, "first", world)?),
            "last" => expectation.last = Some(times(&entry.value, "last", world)?),
            key => {
                let name = key.replace('-', "_");
                if !known.contains(&name.as_str()) || expectation.fields.len() == MAX_FIELDS {
                    let mut words = known.clone();
                    words.extend(["count", "first", "last"]);
                    let message = format!("`{}` has no field `{}`", event.name(), short(key));
                    problems.report(entry.key_at, message, suggestion(&name, &words));
                    return None;
                }
                let value = field_value(entry, world)?;
                expectation.what.push_str(&format!(" {key}={value}"));
                expectation.fields.push((name, value));
            }
        }
    }
    Some(expectation)
}

fn field_value(entry: &Entry, world: &World<'_>) -> Option<FieldValue> {
    let node = &entry.value;
    match &node.value {
        Written::Truth(truth) => Some(FieldValue::Truth(*truth)),
        Written::Text(text) => {
            Some(match text.rsplit_once(['-', '/']).map(|(name, number)| (name, number.parse())) {
                Some((name, Ok(number))) if world.is_producer(name) => {
                    FieldValue::Numbered(name.to_owned(), number)
                }
                _ => FieldValue::Word(text.clone()),
            })
        }
        Written::List(list) => {
            let brokers = list.iter().map(|node| match node.value {
                Written::Whole(id) => u32::try_from(id).ok(),
                _ => None,
            });
            let brokers: Option<Vec<u32>> = brokers.collect();
            if brokers.is_none() {
                world.problems.report(
                    node.at,
                    format!("`{}` is a list of broker ids", short(&entry.key)),
                    "write `[0, 1]`",
                );
            }
            brokers.map(FieldValue::Brokers)
        }
        _ => number(node, &entry.key, world.problems).map(FieldValue::Number),
    }
}

/// A time, or `{ min = "6.9s", max = "10.1s" }`.
fn times(node: &Node, key: &str, world: &World<'_>) -> Option<(Time, Time)> {
    let problems = world.problems;
    let time = |span: Span| Time::ZERO + span;
    if node.as_table().is_none() {
        return duration(node, key, problems).map(|span| (time(span), time(span)));
    }
    let section = Section::open(node, &format!("the range of `{key}`"), &["min", "max"], problems)?;
    if !section.has("min") && !section.has("max") {
        section.missing("min", "write `{ min = \"1s\" }`, `{ max = \"5s\" }` or both");
        return None;
    }
    let min = if section.has("min") { section.time("min")? } else { Time::ZERO };
    let max = if section.has("max") { section.time("max")? } else { Time::NEVER };
    if min > max {
        problems.report(node.at, format!("`min` ({min}) is above `max` ({max})"), "exchange them");
        return None;
    }
    Some((min, max))
}

impl std::fmt::Display for FieldValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FieldValue::Number(range) => range.fmt(f),
            FieldValue::Truth(truth) => truth.fmt(f),
            FieldValue::Word(word) => f.write_str(word),
            FieldValue::Numbered(name, number) => write!(f, "{name}-{number}"),
            FieldValue::Brokers(ids) => write!(f, "{ids:?}"),
        }
    }
}

/// Counts the events that a scenario's `trace` asks for.
#[derive(Clone, Debug, Default)]
pub struct TraceExpectations {
    expected: Vec<TraceExpectation>,
    seen: Vec<Seen>,
}

/// What has been seen of one expectation.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    count: u64,
    first: Time,
    last: Time,
}

impl TraceExpectations {
    /// An observer for what the scenario asks; none if it asks for nothing.
    pub fn of(expect: &Expect) -> Option<TraceExpectations> {
        let seen = vec![Seen::default(); expect.trace.len()];
        (!expect.trace.is_empty()).then(|| TraceExpectations { expected: expect.trace.clone(), seen })
    }

    /// What was not as expected.
    pub fn mismatches(&self) -> Vec<Mismatch> {
        let mut mismatches = Vec::new();
        for (expected, seen) in self.expected.iter().zip(&self.seen) {
            if !expected.count.holds(seen.count as f64) {
                mismatches.push(Mismatch {
                    what: format!("trace {}: count", expected.what),
                    expected: expected.count.to_string(),
                    got: seen.count.to_string(),
                });
            }
            for (name, wanted, got) in
                [("first", expected.first, seen.first), ("last", expected.last, seen.last)]
            {
                let Some((min, max)) = wanted else { continue };
                if seen.count == 0 || got < min || got > max {
                    mismatches.push(Mismatch {
                        what: format!("trace {}: {name}", expected.what),
                        expected: between(min, max),
                        got: if seen.count == 0 { "never".to_owned() } else { got.to_string() },
                    });
                }
            }
        }
        mismatches
    }
}

fn between(min: Time, max: Time) -> String {
    match (min, max) {
        (min, max) if min == max => min.to_string(),
        (Time::ZERO, max) => format!("until {max}"),
        (min, Time::NEVER) => format!("from {min} on"),
        (min, max) => format!("{min} to {max}"),
    }
}

impl Observer for TraceExpectations {
    fn event(&mut self, stamp: Stamp, event: &Event, names: &Names) {
        let kind = event.kind();
        for (expected, seen) in self.expected.iter().zip(&mut self.seen) {
            if expected.event == kind && expected.fits(event, names) {
                if seen.count == 0 {
                    seen.first = stamp.time;
                }
                seen.count += 1;
                seen.last = stamp.time;
            }
        }
    }
}

impl TraceExpectation {
    fn fits(&self, event: &Event, names: &Names) -> bool {
        let all = (1u64 << self.fields.len()) - 1;
        let mut matching = Matching { wanted: &self.fields, names, own: 0, items: Vec::new() };
        event.visit(&mut matching);
        matching.own == all || matching.items.iter().any(|item| item | matching.own == all)
    }
}

/// Walks over an event and notes, a bit a field, which are as wanted: its own, and those of each item of its list.
struct Matching<'a> {
    wanted: &'a [(String, FieldValue)],
    names: &'a Names,
    own: u64,
    items: Vec<u64>,
}

impl Visitor for Matching<'_> {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        if let Value::List(items) = value {
            for at in 0..items.count() {
                let mut item = Matching { own: 0, items: Vec::new(), ..*self };
                items.visit(at, &mut item);
                self.items.push(item.own);
            }
            return;
        }
        let name = name.trim_start_matches("r#");
        for (bit, (wanted_name, wanted)) in self.wanted.iter().enumerate() {
            if wanted_name == name && wanted.is(value, self.names) {
                self.own |= 1 << bit;
            }
        }
    }
}

impl FieldValue {
    fn is(&self, value: Value<'_>, names: &Names) -> bool {
        let numbered = |producer: ProducerIx, index: u32| matches!(self, FieldValue::Numbered(name, number) if *number == index && name == names.producer(producer));
        match (self, value) {
            (FieldValue::Number(range), Value::Int(number)) => range.holds(number as f64),
            (FieldValue::Truth(wanted), Value::Bool(truth)) => *wanted == truth,
            (_, Value::Record(record)) => numbered(record.producer, record.index),
            (_, Value::Batch(batch)) => numbered(batch.producer, batch.number),
            (FieldValue::Brokers(wanted), Value::Brokers(brokers)) => {
                wanted.iter().copied().eq(brokers.iter().map(|broker| broker.0))
            }
            (FieldValue::Word(wanted), value) => word_of(value, names).is_some_and(|word| word == wanted),
            (FieldValue::Numbered(name, number), value) => {
                // A topic or a key may look like a record.
                word_of(value, names).and_then(|word| word.strip_prefix(name.as_str())).is_some_and(|rest| {
                    rest.strip_prefix('-').is_some_and(|rest| rest.parse() == Ok(*number))
                })
            }
            _ => false,
        }
    }
}

fn word_of<'a>(value: Value<'a>, names: &'a Names) -> Option<&'a str> {
    match value {
        Value::Word(word) | Value::Text(word) => Some(word),
        Value::Producer(producer) => Some(names.producer(producer)),
        Value::Consumer(consumer) => Some(names.consumer(consumer)),
        Value::Topic(topic) => Some(names.topic(topic)),
        _ => None,
    }
}
