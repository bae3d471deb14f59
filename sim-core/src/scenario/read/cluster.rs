//! `[cluster]`.

use super::super::document::{Node, Value};
use super::super::limits;
use super::super::model::{Cluster, Sampled, Timing};
use super::super::quantity::short;
use super::super::section::{Section, whole};
use super::config::Configs;
use super::distribution::sampled;
use super::world::World;
use crate::time::Span;

pub(super) const KEYS: [&str; 6] = ["brokers", "racks", "config", "features", "timing", "warm"];

/// How many brokers there are, if the file does not say.
pub(super) const BROKERS: u32 = 3;

/// How often page caches are written to disk, if the file does not say.
const FLUSH: Span = Span::from_millis(30_000);

const ELR: &str = "eligible.leader.replicas.version";

/// `brokers`, needed before anything else of the cluster is read.
pub(super) fn brokers(section: &Section<'_>) -> u32 {
    section.whole32("brokers", 1, limits::BROKERS).unwrap_or(BROKERS)
}

pub(super) fn cluster(
    section: &Section<'_>,
    world: &World<'_>,
    configs: &mut Configs<'_>,
) -> Option<Cluster> {
    let config = configs.broker(section.node("config"));
    Some(Cluster {
        brokers: world.brokers,
        racks: racks(section, world.brokers),
        elr: elr(section, world),
        timing: timing(section),
        warm: section.truth("warm").unwrap_or(true),
        config: config?,
    })
}

fn racks(section: &Section<'_>, brokers: u32) -> Vec<String> {
    let racks = section.texts("racks").unwrap_or_default();
    if !racks.is_empty() && racks.len() != brokers as usize {
        let message = format!("{} racks for {brokers} brokers", racks.len());
        section.problems.report(section.key_at("racks"), message, "write one name a broker");
    }
    racks.into_iter().map(str::to_owned).collect()
}

/// Whether eligible leader replicas are on.
fn elr(section: &Section<'_>, world: &World<'_>) -> bool {
    let by_default = Cluster::elr_by_default(world.release);
    let Some(node) = section.node("features") else { return by_default };
    let Some(features) = node.as_table() else {
        let help = format!("write `features = {{ \"{ELR}\" = 0 }}`");
        world.problems.report(node.at, format!("`features` is a table, not {}", node.kind()), help);
        return by_default;
    };
    let mut elr = by_default;
    for (name, at, level) in super::super::merge::flattened(features) {
        match name.as_str() {
            ELR => elr = elr_level(level, world).unwrap_or(by_default),
            "metadata.version"
            | "kraft.version"
            | "transaction.version"
            | "group.version"
            | "share.version"
            | "streams.version" => world.problems.not_modelled(at, &format!("the feature `{name}`")),
            other => {
                let message = format!("unknown feature `{}`", short(other));
                world.problems.report(at, message, format!("the one that is read is `{ELR}`"));
            }
        }
    }
    elr
}

fn elr_level(node: &Node, world: &World<'_>) -> Option<bool> {
    let level = whole(node, ELR, 0, 1, world.problems)?;
    if level == 1 && !world.release.at_least(4, 0) {
        let message = format!("{} has no `{ELR}`", world.release);
        world.problems.report(node.at, message, "it came with kafka-4.0: leave it out, or change `profile`");
    }
    Some(level == 1)
}

fn timing(section: &Section<'_>) -> Timing {
    let empty = Node { at: section.at, value: Value::Table(super::Table::default()) };
    let node = section.node("timing").unwrap_or(&empty);
    let timing = Section::open(node, "[cluster.timing]", &["service", "flush", "metadata"], section.problems);
    let default = Timing { service: Sampled::Constant(Span::ZERO), flush: FLUSH, metadata: None };
    let Some(timing) = timing else { return default };
    let flush = timing.duration("flush").unwrap_or(FLUSH);
    if flush == Span::ZERO {
        let at = timing.key_at("flush");
        section.problems.report(
            at,
            "`flush` must be above 0",
            "for a flush after each append set `flush.messages = 1`",
        );
    }
    Timing {
        service: sampled(&timing, "service").unwrap_or(default.service),
        flush,
        metadata: sampled(&timing, "metadata"),
    }
}
