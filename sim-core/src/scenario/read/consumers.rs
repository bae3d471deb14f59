//! `[[consumers]]`.

use super::super::document::Node;
use super::super::limits;
use super::super::model::Consumer;
use super::super::section::{Section, list, whole};
use super::config::Configs;
use super::streams::layout;
use super::world::World;
use crate::record::{TopicIx, TopicPartition};
use crate::time::Time;

const KEYS: [&str; 6] = ["id", "topics", "partitions", "config", "start", "decode"];

pub(super) fn consumers(nodes: &[Node], world: &World<'_>, configs: &mut Configs<'_>) -> Vec<Consumer> {
    let mut read = 0;
    let mut consumers = Vec::with_capacity(nodes.len());
    for (node, id) in nodes.iter().zip(&world.consumers) {
        let Some(section) = Section::open(node, "[[consumers]]", &KEYS, world.problems) else { continue };
        let (topics, partitions) = subject(&section, world);
        read += partitions.len() as u64;
        if read > limits::CONSUMED_PARTITIONS {
            let message = format!(
                "consumers read more than the limit of {} partitions in all",
                limits::CONSUMED_PARTITIONS
            );
            world.problems.report_bare(section.key_at("topics"), message);
            break;
        }
        if let Some(config) = configs.consumer(id, section.node("config")) {
            consumers.push(Consumer {
                id: (*id).to_owned(),
                partitions,
                topics,
                config,
                start: section.time("start").unwrap_or(Time::ZERO),
                decode: section.node("decode").and_then(|node| layout(node, "decode", world.problems)),
            });
        }
    }
    consumers
}

/// The topics that it reads whole, and all partitions that it reads at t=0.
fn subject(section: &Section<'_>, world: &World<'_>) -> (Vec<TopicIx>, Vec<TopicPartition>) {
    let Some(node) = section.node("topics") else {
        section.missing("topics", "write `topics = [\"orders\"]`");
        return (Vec::new(), Vec::new());
    };
    let nodes = list(node, "topics", world.problems).unwrap_or_default();
    if nodes.is_empty() && node.as_list().is_some() {
        world.problems.report(node.at, "`topics` lists no topic", "write `topics = [\"orders\"]`");
    }
    let mut topics: Vec<TopicIx> = nodes.iter().filter_map(|node| world.topic(node, "topics[]")).collect();
    topics.sort_unstable();
    topics.dedup();
    let numbers = section.list("partitions");
    let mut partitions = Vec::new();
    for &topic in &topics {
        let known = &world.topics[topic.0 as usize];
        let there = known.assignment.len() as u32;
        match numbers {
            None => partitions.extend((0..there).map(|partition| TopicPartition { topic, partition })),
            Some(numbers) => {
                let last = u64::from(there.max(1)) - 1;
                let numbers =
                    numbers.iter().filter_map(|node| whole(node, "partitions[]", 0, last, world.problems));
                partitions.extend(numbers.map(|number| TopicPartition { topic, partition: number as u32 }));
            }
        }
        if partitions.len() as u64 > limits::CONSUMED_PARTITIONS {
            break;
        }
    }
    partitions.sort_unstable();
    partitions.dedup();
    (if numbers.is_some() { Vec::new() } else { topics }, partitions)
}
