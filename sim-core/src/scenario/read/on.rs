//! `on = { event = ... }`: which events set off a fault.

use super::super::document::Node;
use super::super::limits;
use super::super::model::{ChanceOf, On};
use super::super::nearest::suggestion;
use super::super::quantity::short;
use super::super::section::{Section, list, text, whole};
use super::world::World;
use crate::time::Time;
use crate::trace::EventKind;

const KEYS: [&str; 12] = [
    "event",
    "producer",
    "broker",
    "topic",
    "partition",
    "record",
    "nth",
    "nths",
    "every",
    "probability",
    "from",
    "until",
];

const WHICH: [&str; 4] = ["nth", "nths", "every", "probability"];

/// More occurrences than any run has.
const MAX_NTH: u64 = 1_000_000_000_000;

pub(super) fn on(node: &Node, world: &World<'_>) -> Option<On> {
    let section = Section::open(node, "`on`", &KEYS, world.problems)?;
    let Some(event_node) = section.node("event") else {
        section.missing("event", "write `on = { event = \"produce-response\", nth = 2 }`");
        return None;
    };
    let event = event_kind(event_node, world)?;
    only_what_it_has(&section, event);
    let record = section.node("record").and_then(|node| {
        let given = text(node, "record", world.problems)?;
        world.record(node, given)
    });
    let topic = section.node("topic").and_then(|node| world.any_topic(node, "topic"));
    let (from, until) =
        (section.time("from").unwrap_or(Time::ZERO), section.time("until").unwrap_or(Time::NEVER));
    if until <= from {
        world.problems.report(
            section.key_at("until"),
            "`until` is not after `from`",
            "nothing could match: exchange them",
        );
    }
    Some(On {
        event,
        producer: section.node("producer").and_then(|node| world.producer(node, "producer")),
        broker: section.node("broker").and_then(|node| world.broker(node, "broker")),
        partition: partition(&section, topic.map(|topic| topic.0 as usize), world),
        topic,
        record: record.map(|record| (record.producer.0, record.index)),
        which: which(&section)?,
        from,
        until,
    })
}

/// The kind of event of this name.
pub(crate) fn event_kind(node: &Node, world: &World<'_>) -> Option<EventKind> {
    let given = text(node, "event", world.problems)?;
    let kind = EventKind::by_name(given);
    if kind.is_none() {
        let names: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
        world.problems.report(
            node.at,
            format!("unknown event `{}`", short(given)),
            suggestion(given, &names),
        );
    }
    kind
}

/// Reports what narrows the event down by something that such events do not have: it would match all or nothing.
fn only_what_it_has(section: &Section<'_>, event: EventKind) {
    let fields = event.fields();
    for key in section.present(&["producer", "broker", "topic", "partition", "record"]) {
        let carried = key == "record"
            && matches!(
                event,
                EventKind::ProduceRequest
                    | EventKind::ProduceRequestSent
                    | EventKind::FetchResponse
                    | EventKind::FetchResponseSent
            );
        if !carried && !fields.contains(&key) {
            let message = format!("`{}` has no `{key}`", event.name());
            let has: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
            section.problems.report(section.key_at(key), message, format!("it has {}", has.join(", ")));
        }
    }
}

fn partition(section: &Section<'_>, topic: Option<usize>, world: &World<'_>) -> Option<u32> {
    let known = topic.and_then(|topic| world.topics.get(topic));
    let last = known.map_or(limits::PARTITIONS, |topic| topic.partitions.max(1)) - 1;
    section.whole32("partition", 0, last)
}

fn which(section: &Section<'_>) -> Option<ChanceOf> {
    let given = section.present(&WHICH);
    if let [first, second, ..] = given[..] {
        let help = "write one of `nth`, `nths`, `every` and `probability`";
        section.problems.report(section.key_at(second), format!("`{second}` beside `{first}`"), help);
        return None;
    }
    match given.first().copied() {
        None => Some(ChanceOf::Nths(vec![1])),
        Some("nth") => section.whole("nth", 1, MAX_NTH).map(|nth| ChanceOf::Nths(vec![nth])),
        Some("every") => section.whole("every", 1, MAX_NTH).map(ChanceOf::Every),
        Some("nths") => nths(section),
        Some(_) => probability(section).map(ChanceOf::Probability),
    }
}

fn nths(section: &Section<'_>) -> Option<ChanceOf> {
    let problems = section.problems;
    let nodes = list(section.node("nths")?, "nths", problems)?;
    if nodes.is_empty() {
        problems.report(section.key_at("nths"), "`nths` lists none", "write `nths = [2, 5]`");
        return None;
    }
    let mut nths: Vec<u64> =
        nodes.iter().map(|node| whole(node, "nths[]", 1, MAX_NTH, problems)).collect::<Option<_>>()?;
    nths.sort_unstable();
    nths.dedup();
    Some(ChanceOf::Nths(nths))
}

fn probability(section: &Section<'_>) -> Option<f64> {
    let probability = section.real("probability")?;
    if !(0.0..=1.0).contains(&probability) {
        let message = format!("`probability = {probability}` is out of range");
        section.problems.report(section.key_at("probability"), message, "write a number from 0 to 1");
        return None;
    }
    Some(probability)
}
