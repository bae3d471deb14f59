//! From the tree to the typed scenario, one file a part of it.

mod chaos;
mod cluster;
mod config;
mod consumers;
mod distribution;
mod faults;
mod network;
mod on;
mod producers;
mod streams;
mod topics;
mod twins;
mod world;

pub(crate) use config::Configs;
pub use config::{PartConfig, PartNote};
pub(crate) use on::event_kind;
pub(crate) use twins::{languages, twin_text, twins};
pub(crate) use world::World;

use super::document::{Node, Table, Value};
use super::error::Problems;
use super::expect;
use super::limits;
use super::model::Scenario;
use super::nearest::suggestion;
use super::quantity::short;
use super::section::{Section, text, word};
use crate::config::Release;
use crate::time::{Span, Time};

/// Every key of the file's top.
pub(crate) const TOP: [&str; 14] = [
    "profile",
    "seed",
    "stop",
    "text",
    "tags",
    "cluster",
    "topics",
    "network",
    "producers",
    "consumers",
    "faults",
    "chaos",
    "expect",
    "twins",
];

/// When a run ends at the latest, if the file does not say.
const STOP: Span = Span::from_millis(600_000);

/// What a scenario file needs at least.
const LEAST: &str = "a scenario needs at least one topic and one producer: write `[[topics]]` with `name = \"orders\"`, and \
                     `[[producers]]` with `id = \"shop\"`";

/// Reads the whole tree; what is wrong is reported, and read as if it were not there.
pub(crate) fn scenario(
    root: &Node,
    name: &str,
    twin: Option<&str>,
    configs: &mut Configs<'_>,
    problems: &Problems,
) -> Option<Scenario> {
    let top = Section::open(root, "the file", &TOP, problems)?;
    let release = profile(root, problems).unwrap_or(Release::NEWEST);
    configs.set_release(release);
    let empty = Node { at: root.at, value: Value::Table(Table::default()) };
    let cluster_node = top.node("cluster").unwrap_or(&empty);
    let cluster = Section::open(cluster_node, "[cluster]", &cluster::KEYS, problems);
    let topic_nodes = top.tables("topics", limits::TOPICS);
    let producer_nodes = top.tables("producers", limits::PRODUCERS);
    let consumer_nodes = top.tables("consumers", limits::CONSUMERS);
    let fault_nodes = top.tables("faults", limits::FAULTS);
    report_lacking(&top);

    let mut world = World::new(release, problems);
    world.brokers = cluster.as_ref().map_or(cluster::BROKERS, cluster::brokers);
    let cluster = cluster.and_then(|section| cluster::cluster(&section, &world, configs));
    let topics = topics::topics(topic_nodes, &mut world, configs);
    world.grow(fault_nodes);
    world.name_clients(producer_nodes, consumer_nodes);
    let producers = producers::producers(producer_nodes, &mut world, configs);
    if cluster.as_ref().is_some_and(|cluster| !cluster.warm) {
        no_warm_producers(producer_nodes, problems);
    }
    let consumers = consumers::consumers(consumer_nodes, &world, configs);
    let network = network::network(top.node("network").unwrap_or(&empty), &world);
    let faults = faults::faults(fault_nodes, &world, configs);
    let chaos = top.node("chaos").and_then(|node| chaos::chaos(node, &world));
    let expect = top.node("expect").and_then(|node| expect::read(node, &world)).unwrap_or_default();
    let stop = top.duration("stop").unwrap_or(STOP);
    if stop == Span::ZERO {
        problems.report(
            top.key_at("stop"),
            "`stop` is 0: nothing would happen",
            "write a duration above 0, as in `\"10min\"`",
        );
    }
    Some(Scenario {
        name: name.to_owned(),
        twin: twin.map(str::to_owned),
        profile: release,
        seed: top.whole("seed", 0, u64::MAX).unwrap_or(1),
        stop: Time::ZERO + stop,
        text: top.node("text").map(|node| languages(node, "[text]", problems)).unwrap_or_default(),
        tags: tags(&top),
        cluster: cluster?,
        topics,
        unknown_topics: world.stranger_names(),
        network: network?,
        producers,
        consumers,
        faults,
        chaos,
        expect,
        twins: Vec::new(),
    })
}

/// A cluster that starts at t=0 has nothing that a producer could know before.
fn no_warm_producers(nodes: &[Node], problems: &Problems) {
    for start in nodes.iter().filter_map(|node| node.as_table()?.get("start")) {
        if start.as_text() == Some("warm") {
            problems.report(
                start.at,
                "a warm producer in a cluster that starts at t=0",
                "leave `start` out: the producer is cold then; or leave out `warm = false` of `[cluster]`",
            );
        }
    }
}

/// Reports what every scenario needs and this one has none of.
fn report_lacking(top: &Section<'_>) {
    let lacks = |key: &str| top.node(key).is_none_or(|node| node.as_list().is_some_and(<[Node]>::is_empty));
    let message = match (lacks("topics"), lacks("producers")) {
        (true, true) => "the file has no topic and no producer",
        (true, false) => "the file has no topic",
        (false, true) => "the file has no producer",
        (false, false) => return,
    };
    top.problems.report(top.at, message, LEAST);
}

/// `profile`, of a file whose other parts are not looked at.
pub(crate) fn profile(root: &Node, problems: &Problems) -> Option<Release> {
    let node = root.as_table()?.get("profile")?;
    let name = text(node, "profile", problems)?;
    let release = Release::by_profile(name);
    if release.is_none() {
        let profiles: Vec<String> = Release::ALL.iter().rev().map(ToString::to_string).collect();
        let names: Vec<&str> = profiles.iter().map(String::as_str).collect();
        problems.report(node.at, format!("there is no profile `{}`", short(name)), suggestion(name, &names));
    }
    release
}

/// `tags`.
pub(crate) fn tags(top: &Section<'_>) -> Vec<String> {
    top.texts("tags").unwrap_or_default().into_iter().map(str::to_owned).collect()
}

/// `start` and the like: one of two words that mean yes and no.
fn either(
    node: Option<&Node>,
    key: &str,
    yes: &'static str,
    no: &'static str,
    problems: &Problems,
) -> Option<bool> {
    word(node?, key, &[yes, no], problems).map(|given| given == yes)
}
