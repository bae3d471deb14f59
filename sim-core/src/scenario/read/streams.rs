//! `[[producers.sends]]`: streams of records.

use super::super::document::{Node, Value};
use super::super::limits;
use super::super::model::{Decode, Header, Keys, Mode, Pace, PartitionChoice, Resend, Stream, ValueSpec};
use super::super::quantity;
use super::super::section::{
    Section, duration, list, quantity as report_quantity, size, text, whole, word, wrong_type,
};
use super::config::{check_number_template, check_template};
use super::world::World;
use crate::time::{Span, Time};

const KEYS: [&str; 15] = [
    "topic",
    "count",
    "start",
    "every",
    "rate",
    "outstanding",
    "at",
    "mode",
    "key",
    "keys",
    "partition",
    "value",
    "headers",
    "resend",
    "transaction",
];

/// The keys that say when a stream's records are due.
const PACES: [&str; 4] = ["every", "rate", "outstanding", "at"];

/// What the streams of all producers have taken of the limits.
#[derive(Default)]
pub(super) struct Budget {
    streams: usize,
    records: u64,
}

/// Reads a producer's streams and counts its records in the world.
pub(super) fn streams(
    nodes: &[Node],
    producer: usize,
    world: &mut World<'_>,
    budget: &mut Budget,
) -> Vec<Stream> {
    let mut streams = Vec::with_capacity(nodes.len());
    for node in nodes {
        budget.streams += 1;
        if budget.streams > limits::STREAMS {
            let message = format!("more streams in all than the limit of {}", limits::STREAMS);
            world.problems.report_bare(node.at, message);
            break;
        }
        let before = budget.records;
        if let Some(stream) = stream(node, world, budget) {
            streams.push(stream);
        }
        if let Some(records) = world.records.get_mut(producer) {
            *records += budget.records - before;
        }
    }
    streams
}

fn stream(node: &Node, world: &mut World<'_>, budget: &mut Budget) -> Option<Stream> {
    let problems = world.problems;
    let section = Section::open(node, "[[producers.sends]]", &KEYS, problems)?;
    if section.has("transaction") {
        problems.not_modelled(section.key_at("transaction"), "`transaction`");
    }
    let (pace, listed) = pace(&section);
    let count = count(&section, listed);
    budget.records += u64::from(count);
    if budget.records > limits::RECORDS {
        let message =
            format!("{} records in all, more than the limit of {}", budget.records, limits::RECORDS);
        problems.report_bare(section.key_at("count"), message);
    }
    let mode =
        section.word("mode", &["async", "sync", "fire-and-forget"]).map_or(Mode::Async, |mode| match mode {
            "sync" => Mode::Sync,
            "fire-and-forget" => Mode::FireAndForget,
            _ => Mode::Async,
        });
    let resend = section.node("resend").and_then(|node| resend(node, world));
    nobody_looks(&section, mode);
    Some(Stream {
        topic: topic(&section, world)?,
        count,
        start: start(&section),
        pace,
        mode,
        keys: keys(&section),
        partition: section.node("partition").and_then(|node| partition(node, world)),
        value: section.node("value").and_then(|node| value(node, world)).unwrap_or(ValueSpec::Null),
        headers: headers(&section),
        resend,
    })
}

fn topic(section: &Section<'_>, world: &mut World<'_>) -> Option<crate::record::TopicIx> {
    let Some(node) = section.node("topic") else {
        section.missing("topic", "write `topic = \"orders\"`");
        return None;
    };
    // Any text: a name that no cluster can have is unknown to it like any other.
    let name = text(node, "topic", world.problems)?;
    if name.is_empty() || name.chars().count() > limits::NAME_CHARS {
        let help = "a name has 1 to 249 characters";
        world.problems.report(
            node.at,
            format!("`{}` cannot be the name of a topic", quantity::short(name)),
            help,
        );
        return None;
    }
    let topic = world.stream_topic(name);
    if world.topic_count() > limits::TOPICS {
        let message =
            format!("more topics, with those that only a stream names, than the limit of {}", limits::TOPICS);
        world.problems.report_bare(node.at, message);
        return None;
    }
    Some(topic)
}

fn start(section: &Section<'_>) -> Time {
    if section.has("start") && section.has("at") {
        section.problems.report(
            section.key_at("start"),
            "`start` beside `at`",
            "`at` says when each record is due: leave `start` out",
        );
    }
    section.time("start").unwrap_or(Time::ZERO)
}

/// When the records are due, and how many times the file lists.
fn pace(section: &Section<'_>) -> (Pace, Option<usize>) {
    let problems = section.problems;
    let given = section.present(&PACES);
    if let [first, second, ..] = given[..] {
        let help = "write one of `every`, `rate`, `outstanding` and `at`, or none of them for a burst";
        problems.report(section.key_at(second), format!("`{second}` beside `{first}`"), help);
    }
    let pace = match given.first().copied() {
        Some("every") => section.duration("every").and_then(|every| {
            if every == Span::ZERO {
                let help = "leave it out: all records at `start`, as one burst";
                problems.report(section.key_at("every"), "`every` must be above 0", help);
                return None;
            }
            Some(Pace::Every(every))
        }),
        Some("rate") => rate(section).map(Pace::Rate),
        Some("outstanding") => {
            section.whole("outstanding", 1, limits::OUTSTANDING).map(|n| Pace::Outstanding(n as u32))
        }
        Some(_) => section.node("at").and_then(|node| times(node, section)).map(Pace::At),
        None => None,
    };
    let listed = if let Some(Pace::At(times)) = &pace { Some(times.len()) } else { None };
    (pace.unwrap_or(Pace::Burst), listed)
}

pub(super) fn rate(section: &Section<'_>) -> Option<f64> {
    let node = section.node("rate")?;
    let Value::Text(text) = &node.value else {
        wrong_type(node, "rate", "a number a unit of time", "write `rate = \"1000/s\"`", section.problems);
        return None;
    };
    report_quantity(quantity::rate(text), node, "rate", section.problems)
}

fn times(node: &Node, section: &Section<'_>) -> Option<Vec<Time>> {
    let problems = section.problems;
    let mut times: Vec<Time> = Vec::new();
    for item in list(node, "at", problems)? {
        let time = Time::ZERO + duration(item, "at[]", problems)?;
        if times.last().is_some_and(|&last| last > time) {
            problems.report(
                item.at,
                "the times of `at` are out of order",
                "write them in ascending order: one thread sends them",
            );
            return None;
        }
        times.push(time);
    }
    if times.is_empty() {
        problems.report(node.at, "`at` lists no time", "write `at = [\"1s\", \"2s\"]`");
        return None;
    }
    Some(times)
}

fn count(section: &Section<'_>, listed: Option<usize>) -> u32 {
    let count = section.whole("count", 1, limits::RECORDS);
    let Some(listed) = listed else { return count.unwrap_or(1) as u32 };
    if count.is_some_and(|count| count != listed as u64) {
        let help = "the length of `at` is the count: leave `count` out";
        section.problems.report(section.key_at("count"), format!("`at` lists {listed} times"), help);
    }
    listed as u32
}

/// Under fire-and-forget nobody sees a result, so nothing can depend on one.
fn nobody_looks(section: &Section<'_>, mode: Mode) {
    if mode != Mode::FireAndForget {
        return;
    }
    for key in section.present(&["outstanding", "resend"]) {
        let message = format!("`{key}` with `mode = \"fire-and-forget\"`");
        let help = "nobody looks at the results there: write `mode = \"async\"`";
        section.problems.report(section.key_at(key), message, help);
    }
}

fn keys(section: &Section<'_>) -> Keys {
    let problems = section.problems;
    match (section.node("key"), section.node("keys")) {
        (Some(_), Some(_)) => {
            problems.report(section.key_at("keys"), "`keys` beside `key`", "write one of them");
            Keys::None
        }
        (Some(node), None) => template(node, "key", problems).map_or(Keys::None, Keys::Template),
        (None, Some(node)) => {
            let items = list(node, "keys", problems).unwrap_or_default();
            if items.is_empty() {
                problems.report(node.at, "`keys` lists no key", "leave it out for null keys");
            }
            Keys::InTurn(items.iter().filter_map(|item| template(item, "keys[]", problems)).collect())
        }
        (None, None) => Keys::None,
    }
}

/// A text with placeholders; a bare number stands for itself.
fn template(node: &Node, key: &str, problems: &super::Problems) -> Option<String> {
    if let Value::Whole(number) = node.value {
        return Some(number.to_string());
    }
    let given = text(node, key, problems)?;
    check_template(node, given, problems);
    Some(given.to_owned())
}

/// A text that gives a whole number of at least `least`.
fn number_template(node: &Node, key: &str, least: i64, problems: &super::Problems) -> Option<String> {
    let text = match node.value {
        Value::Whole(number) => number.to_string(),
        _ => text(node, key, problems)?.to_owned(),
    };
    check_number_template(node, &text, least, problems);
    Some(text)
}

fn partition(node: &Node, world: &World<'_>) -> Option<PartitionChoice> {
    let problems = world.problems;
    match &node.value {
        Value::Whole(_) => whole(node, "partition", 0, i32::MAX as u64, problems)
            .map(|partition| PartitionChoice::Fixed(partition as u32)),
        Value::Text(_) => number_template(node, "partition", 0, problems).map(PartitionChoice::Template),
        _ => {
            wrong_type(
                node,
                "partition",
                "a number or a text that gives one",
                "write `partition = 0` or `\"{i % 3}\"`",
                problems,
            );
            None
        }
    }
}

fn value(node: &Node, world: &World<'_>) -> Option<ValueSpec> {
    let problems = world.problems;
    let help = "write `value = { bytes = 100 }`, `{ text = \"...\" }`, `{ json = \"...\" }` or `{ customer = { ... } }`";
    if node.as_table().is_none() {
        wrong_type(node, "value", "a table", help, problems);
        return None;
    }
    let section = Section::open(node, "`value`", &["bytes", "text", "json", "customer", "layout"], problems)?;
    let kinds = section.present(&["bytes", "text", "json", "customer"]);
    let [kind] = kinds[..] else {
        if kinds.is_empty() && section.has_unknown {
            return None;
        }
        problems.report(
            node.at,
            if kinds.is_empty() { "an empty `value`" } else { "a `value` is one thing" },
            help,
        );
        return None;
    };
    if section.has("layout") && kind != "customer" {
        problems.report(section.key_at("layout"), "`layout` belongs to `customer`", "leave it out");
    }
    let node = section.node(kind)?;
    match kind {
        "bytes" => {
            size(node, kind, limits::VALUE_BYTES, problems).map(|bytes| ValueSpec::Bytes(bytes as u32))
        }
        "text" => template(node, kind, problems).map(ValueSpec::Text),
        "json" => template(node, kind, problems).map(ValueSpec::Json),
        _ => {
            let customer = Section::open(node, "`customer`", &["id", "name"], problems)?;
            if !customer.has("id") {
                customer.missing("id", "write `customer = { id = \"{i}\", name = \"...\" }`");
            }
            Some(ValueSpec::Customer {
                id: number_template(customer.node("id")?, "id", i64::MIN, problems)?,
                name: customer.node("name").and_then(|node| template(node, "name", problems)),
                layout: section
                    .node("layout")
                    .and_then(|node| layout(node, "layout", problems))
                    .unwrap_or(Decode::CustomerV1),
            })
        }
    }
}

/// A layout by its name.
pub(super) fn layout(node: &Node, key: &str, problems: &super::Problems) -> Option<Decode> {
    word(node, key, &["customer-v1", "customer-v2"], problems).map(|given| match given {
        "customer-v1" => Decode::CustomerV1,
        _ => Decode::CustomerV2,
    })
}

fn headers(section: &Section<'_>) -> Vec<Header> {
    let nodes = section.tables("headers", limits::HEADERS);
    nodes.iter().filter_map(|node| header(node, section.problems)).collect()
}

fn header(node: &Node, problems: &super::Problems) -> Option<Header> {
    let section = Section::open(node, "a header", &["key", "bytes"], problems)?;
    if !section.has("key") {
        section.missing("key", "write `{ key = \"trace\", bytes = 8 }`");
    }
    let bytes = section.size("bytes", limits::VALUE_BYTES).unwrap_or(0) as u32;
    Some(Header { key: section.text("key")?.to_owned(), bytes })
}

fn resend(node: &Node, world: &World<'_>) -> Option<Resend> {
    let section = Section::open(node, "`resend`", &["on", "times"], world.problems)?;
    if !section.has("on") {
        section.missing("on", "write `resend = { on = \"failed\", times = 1 }`");
    }
    section.word("on", &["failed"]);
    Some(Resend { times: section.whole("times", 1, limits::RESENDS).unwrap_or(1) as u32 })
}
