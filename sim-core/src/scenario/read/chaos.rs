//! `[chaos]`.

use super::super::document::Node;
use super::super::model::{Chaos, ChaosFault, ChaosKind};
use super::super::section::Section;
use super::distribution::sampled;
use super::streams::rate;
use super::world::World;
use crate::time::Time;

const KEYS: [&str; 11] = [
    "crash",
    "power",
    "pause",
    "cut",
    "lose-request",
    "lose-response",
    "reset",
    "delay",
    "from",
    "until",
    "max-down",
];

pub(super) fn chaos(node: &Node, world: &World<'_>) -> Option<Chaos> {
    let section = Section::open(node, "[chaos]", &KEYS, world.problems)?;
    let from = section.time("from").unwrap_or(Time::ZERO);
    let until = section.time("until").unwrap_or(Time::NEVER);
    if until <= from {
        let message = "`until` is not behind `from`: nothing would happen";
        world.problems.report(section.key_at("until"), message, "write a later time, or leave it out");
    }
    let max_down = section.whole32("max-down", 0, world.brokers);
    let faults = ChaosKind::ALL.into_iter().filter_map(|kind| fault(&section, kind, world)).collect();
    Some(Chaos { faults, from, until, max_down })
}

fn fault(section: &Section<'_>, kind: ChaosKind, world: &World<'_>) -> Option<ChaosFault> {
    let name = kind.name();
    let fault = Section::open(section.node(name)?, &format!("`{name}`"), &["rate", "for"], world.problems)?;
    if !fault.has("rate") {
        fault.missing("rate", &format!("write `{name} = {{ rate = \"0.5/s\", for = \"2s\" }}`"));
        return None;
    }
    if kind.needs_an_end() && !fault.has("for") {
        fault.missing(
            "for",
            &format!("write how long it lasts, as in `{name} = {{ rate = \"0.5/s\", for = \"2s\" }}`"),
        );
        return None;
    }
    Some(ChaosFault { kind, rate: rate(&fault)?, r#for: sampled(&fault, "for") })
}
