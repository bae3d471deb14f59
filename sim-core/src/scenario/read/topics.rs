//! `[[topics]]`.

use super::super::document::Node;
use super::super::limits;
use super::super::model::Topic;
use super::super::section::{Section, list, name};
use super::config::Configs;
use super::world::World;
use crate::record::BrokerId;

const KEYS: [&str; 5] = ["name", "partitions", "replication-factor", "config", "assignment"];

/// Replicas of a partition, if the file does not say and there are so many brokers.
const REPLICATION_FACTOR: u32 = 3;

/// Reads the topics and takes note of them; one that cannot be read is left out.
pub(super) fn topics(nodes: &[Node], world: &mut World<'_>, configs: &mut Configs<'_>) -> Vec<Topic> {
    let (mut partitions, mut replicas) = (0u64, 0u64);
    let mut topics = Vec::new();
    for node in nodes {
        let Some(section) = Section::open(node, "[[topics]]", &KEYS, world.problems) else { continue };
        let Some(name) = topic_name(&section, world) else { continue };
        let assignment = assignment(&section, world.brokers, (partitions, replicas)).unwrap_or_default();
        let Some(known) = world.topics.last_mut() else { continue };
        partitions += assignment.len() as u64;
        replicas += assignment.iter().map(|replicas| replicas.len() as u64).sum::<u64>();
        known.partitions = assignment.len() as u32;
        known.assignment.clone_from(&assignment);
        if let Some(config) = configs.topic(name, section.node("config")) {
            topics.push(Topic { name: name.to_owned(), config, assignment });
        }
    }
    topics
}

/// Takes up the topic under its name: Kafka's rule for such names (`Topic.validate`), and no two are the same.
fn topic_name<'d>(section: &Section<'d>, world: &mut World<'_>) -> Option<&'d str> {
    let Some(node) = section.node("name") else {
        section.missing("name", "write `name = \"orders\"`");
        return None;
    };
    let name = name(node, "name", section.problems)?;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) || name == "." || name == ".." {
        let help = "Kafka allows ASCII letters, digits, `.`, `_` and `-`";
        section.problems.report(node.at, format!("`{name}` cannot be the name of a topic"), help);
        return None;
    }
    if !world.add_topic(name) {
        section.problems.report(
            node.at,
            format!("there are two topics `{name}`"),
            "give each a name of its own",
        );
        return None;
    }
    Some(name)
}

/// Replicas of each partition: as the file lists them, or in turn from broker 0 on.
fn assignment(section: &Section<'_>, brokers: u32, so_far: (u64, u64)) -> Option<Vec<Vec<BrokerId>>> {
    let partitions = section.whole32("partitions", 1, limits::PARTITIONS);
    let factor = section.whole32("replication-factor", 1, limits::BROKERS);
    if let Some(factor) = factor.filter(|&factor| factor > brokers) {
        let node = section.node("replication-factor").map_or(section.at, |node| node.at);
        let message = format!("replication factor {factor} with {brokers} brokers");
        section.problems.report(
            node,
            message,
            format!("write at most {brokers}, or raise `brokers` in [cluster]"),
        );
        return None;
    }
    if section.has("assignment") {
        return listed(section, brokers, partitions, factor, so_far);
    }
    if section.has("partitions") && partitions.is_none() {
        return None;
    }
    let partitions = partitions.unwrap_or(1);
    let factor = factor.unwrap_or_else(|| REPLICATION_FACTOR.min(brokers));
    within_limits(section, so_far, u64::from(partitions), u64::from(partitions) * u64::from(factor))?;
    let replicas =
        |partition: u32| (0..factor).map(|nth| BrokerId((partition % brokers + nth) % brokers)).collect();
    Some((0..partitions).map(replicas).collect())
}

fn listed(
    section: &Section<'_>,
    brokers: u32,
    partitions: Option<u32>,
    factor: Option<u32>,
    so_far: (u64, u64),
) -> Option<Vec<Vec<BrokerId>>> {
    let problems = section.problems;
    let node = section.node("assignment")?;
    let lists = list(node, "assignment", problems)?;
    if lists.is_empty() || partitions.is_some_and(|partitions| partitions as usize != lists.len()) {
        let wanted = partitions.unwrap_or(1);
        let message = format!("`assignment` has {} lists for {wanted} partitions", lists.len());
        problems.report(node.at, message, "write one list of broker ids a partition, as in `[[0, 1, 2]]`");
        return None;
    }
    let rows: Vec<&[Node]> =
        lists.iter().map(|row| list(row, "assignment[]", problems)).collect::<Option<_>>()?;
    let wanted = factor.map_or(rows[0].len(), |factor| factor as usize);
    let mut assignment = Vec::with_capacity(rows.len());
    within_limits(section, so_far, rows.len() as u64, rows.iter().map(|row| row.len() as u64).sum())?;
    for (row, list) in rows.iter().zip(lists) {
        if row.len() != wanted || row.is_empty() {
            let message = format!("{} replicas where there must be {}", row.len(), wanted.max(1));
            problems.report(
                list.at,
                message,
                "every partition of a topic has as many replicas as `replication-factor` says",
            );
            return None;
        }
        assignment.push(row_of(row, brokers, section)?);
    }
    Some(assignment)
}

fn row_of(row: &[Node], brokers: u32, section: &Section<'_>) -> Option<Vec<BrokerId>> {
    let problems = section.problems;
    let mut replicas: Vec<BrokerId> = Vec::with_capacity(row.len());
    for node in row {
        let id = super::super::section::whole(node, "assignment[][]", 0, u64::from(brokers) - 1, problems)?;
        let id = BrokerId(id as u32);
        if replicas.contains(&id) {
            problems.report(
                node.at,
                format!("broker {id} twice"),
                "a broker holds one replica of a partition at most",
            );
            return None;
        }
        replicas.push(id);
    }
    Some(replicas)
}

fn within_limits(section: &Section<'_>, so_far: (u64, u64), partitions: u64, replicas: u64) -> Option<()> {
    let (partitions, replicas) = (so_far.0 + partitions, so_far.1 + replicas);
    let over = if partitions > u64::from(limits::PARTITIONS) {
        Some(format!("{partitions} partitions in all, more than the limit of {}", limits::PARTITIONS))
    } else if replicas > limits::REPLICAS {
        Some(format!("{replicas} replicas in all, more than the limit of {}", limits::REPLICAS))
    } else {
        None
    };
    match over {
        Some(message) => {
            section.problems.report_bare(section.key_at("partitions"), message);
            None
        }
        None => Some(()),
    }
}
