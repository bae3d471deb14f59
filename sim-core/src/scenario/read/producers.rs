//! `[[producers]]`.

use super::super::document::Node;
use super::super::limits;
use super::super::model::Producer;
use super::super::nearest::nearest;
use super::super::quantity::short;
use super::super::section::Section;
use super::config::{Configs, ProducerExtras};
use super::either;
use super::streams;
use super::world::World;
use crate::config::PartitionerClass;
use crate::time::Span;

const KEYS: [&str; 9] = [
    "id",
    "config",
    "properties",
    "start",
    "jitter",
    "partitioner",
    "callback",
    "compression-ratio",
    "sends",
];

/// Partitioners of librdkafka by their names there.
const PARTITIONERS: [(&str, PartitionerClass); 5] = [
    ("consistent_random", PartitionerClass::ConsistentRandom),
    ("consistent", PartitionerClass::Consistent),
    ("murmur2_random", PartitionerClass::Murmur2Random),
    ("murmur2", PartitionerClass::Murmur2),
    ("random", PartitionerClass::Random),
];

/// The largest compression ratio: compressed records that are ten times the plain ones.
const MAX_RATIO: f64 = 10.0;

pub(super) fn producers<'d>(
    nodes: &'d [Node],
    world: &mut World<'d>,
    configs: &mut Configs<'_>,
) -> Vec<Producer> {
    let mut budget = streams::Budget::default();
    let mut producers = Vec::with_capacity(nodes.len());
    for (place, node) in nodes.iter().enumerate() {
        let Some(section) = Section::open(node, "[[producers]]", &KEYS, world.problems) else { continue };
        let sends = streams::streams(section.tables("sends", limits::STREAMS), place, world, &mut budget);
        let id = world.producers.get(place).copied().unwrap_or_default();
        let extras = ProducerExtras {
            id,
            jitter: section.truth("jitter").unwrap_or(true),
            partitioner: section.node("partitioner").and_then(|node| partitioner(node, world)),
            compression_ratio: compression_ratio(&section),
        };
        let config = configs.producer(section.node("properties"), section.node("config"), &extras);
        let warm = either(section.node("start"), "start", "warm", "cold", world.problems).unwrap_or(false);
        let callback = section.duration("callback").unwrap_or(Span::ZERO);
        if let Some(config) = config {
            producers.push(Producer { id: id.to_owned(), config, warm, callback, sends });
        }
    }
    producers
}

fn partitioner(node: &Node, world: &World<'_>) -> Option<PartitionerClass> {
    let given = super::text(node, "partitioner", world.problems)?;
    let found = PARTITIONERS.iter().find(|(name, _)| *name == given);
    if found.is_none() {
        let names: Vec<&str> = PARTITIONERS.iter().map(|(name, _)| *name).collect();
        let help = match nearest(given, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "librdkafka's are {}; a Java class goes to `config` as `partitioner.class`",
                names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            ),
        };
        world.problems.report(node.at, format!("unknown partitioner `{}`", short(given)), help);
    }
    found.map(|(_, class)| *class)
}

fn compression_ratio(section: &Section<'_>) -> Option<f64> {
    let ratio = section.real("compression-ratio")?;
    if !(ratio > 0.0 && ratio <= MAX_RATIO) {
        let at = section.key_at("compression-ratio");
        let message = format!("`compression-ratio = {ratio}` is out of range");
        section.problems.report(
            at,
            message,
            "it is compressed size / plain size: write a number above 0, as in 0.25",
        );
        return None;
    }
    Some(ratio)
}
