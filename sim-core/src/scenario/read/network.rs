//! `[network]`, and the ends that links, cuts and resets name.

use super::super::document::{Node, Value};
use super::super::limits;
use super::super::model::{Link, LinkEnd, Network, Sampled};
use super::super::nearest::nearest;
use super::super::quantity::{self, short};
use super::super::section::{Section, list, quantity as report_quantity, unknown, whole, wrong_type};
use super::distribution::sampled;
use super::world::World;
use crate::time::Span;

const KEYS: [&str; 4] = ["latency", "bandwidth", "connect", "links"];

/// One way, between any two nodes, if the file does not say.
const LATENCY: Sampled = Sampled::Constant(Span::from_millis(1));

/// The largest bandwidth in bytes a second: more is as good as unlimited.
const MAX_BANDWIDTH: u64 = 1_000_000_000_000;

pub(super) fn network(node: &Node, world: &World<'_>) -> Option<Network> {
    let section = Section::open(node, "[network]", &KEYS, world.problems)?;
    Some(Network {
        latency: sampled(&section, "latency").unwrap_or(LATENCY),
        bandwidth: section.node("bandwidth").and_then(|node| bandwidth(node, world)),
        connect: sampled(&section, "connect"),
        links: links(&section, world),
    })
}

/// Bytes a second: a number, or a size with or without `/s`.
fn bandwidth(node: &Node, world: &World<'_>) -> Option<u64> {
    let bytes = match &node.value {
        Value::Whole(_) => whole(node, "bandwidth", 1, MAX_BANDWIDTH, world.problems)?,
        Value::Text(text) => {
            let size = quantity::size(text.strip_suffix("/s").unwrap_or(text));
            report_quantity(size, node, "bandwidth", world.problems)?
        }
        _ => {
            wrong_type(node, "bandwidth", "a size a second", "write `bandwidth = \"10MB\"`", world.problems);
            return None;
        }
    };
    if bytes == 0 || bytes > MAX_BANDWIDTH {
        let message = format!("`bandwidth` of {bytes} bytes a second is out of range");
        world.problems.report(
            node.at,
            message,
            "write at least 1 byte a second and at most `\"1000GB\"`, or leave it out",
        );
        return None;
    }
    Some(bytes)
}

fn links(section: &Section<'_>, world: &World<'_>) -> Vec<Link> {
    let nodes = section.tables("links", limits::LINKS);
    nodes.iter().filter_map(|node| link(node, world)).collect()
}

fn link(node: &Node, world: &World<'_>) -> Option<Link> {
    let help = "write `{ between = [\"client\", 0], latency = \"5ms\" }`";
    let section = Section::open(node, "a link", &["between", "latency"], world.problems)?;
    for key in ["between", "latency"] {
        if !section.has(key) {
            section.missing(key, help);
            return None;
        }
    }
    let latency = sampled(&section, "latency")?;
    let between = section.node("between")?;
    let [a, b] = list(between, "between", world.problems)? else {
        world.problems.report(between.at, "`between` has two ends", help);
        return None;
    };
    let ends = [link_end(a, world)?, link_end(b, world)?];
    let talks = match ends {
        [LinkEnd::Broker(a), LinkEnd::Broker(b)] => a != b,
        [LinkEnd::Broker(_), _] | [_, LinkEnd::Broker(_)] => true,
        _ => false,
    };
    if !talks {
        let help = "clients talk to brokers, brokers to other brokers and to the controller";
        world.problems.report(between.at, "these two never talk to each other", help);
        return None;
    }
    Some(Link { between: ends, latency })
}

/// An end of a link: a broker's id, `"client"`, `"client:shop"` or `"controller"`.
pub(super) fn link_end(node: &Node, world: &World<'_>) -> Option<LinkEnd> {
    let Value::Text(text) = &node.value else {
        return world.broker(node, "an end").map(LinkEnd::Broker);
    };
    match text.as_str() {
        "client" => Some(LinkEnd::Clients),
        "controller" => Some(LinkEnd::Controller),
        other => match other.strip_prefix("client:") {
            Some(id) => client(node, id, world),
            None => {
                let clients = world.producers.iter().chain(&world.consumers);
                let help = match nearest(other, clients.copied()) {
                    Some(id) => format!("did you mean `\"client:{id}\"`?"),
                    None => "an end is a broker's id, `\"client\"`, `\"client:shop\"` or `\"controller\"`"
                        .to_owned(),
                };
                world.problems.report(node.at, format!("unknown end `{}`", short(other)), help);
                None
            }
        },
    }
}

fn client(node: &Node, id: &str, world: &World<'_>) -> Option<LinkEnd> {
    if let Some(place) = world.producers.iter().position(|known| *known == id) {
        return Some(LinkEnd::Producer(place as u16));
    }
    if let Some(place) = world.consumers.iter().position(|known| *known == id) {
        return Some(LinkEnd::Consumer(place as u16));
    }
    unknown(node, "client", id, world.producers.iter().chain(&world.consumers).copied(), world.problems);
    None
}
