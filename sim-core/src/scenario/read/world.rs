//! The names of a scenario, known before the parts that refer to them are read.

use super::super::document::{Node, Value};
use super::super::error::Problems;
use super::super::limits;
use super::super::nearest::suggestion;
use super::super::quantity::short;
use super::super::section::{find, name, text};
use crate::config::Release;
use crate::record::{BrokerId, ProducerIx, RecordId, TopicIx, TopicPartition};

/// What there is: how many brokers, which topics with how many partitions, which clients.
pub(crate) struct World<'d> {
    pub(crate) release: Release,
    pub(crate) brokers: u32,
    /// The cluster's topics.
    pub(crate) topics: Vec<KnownTopic>,
    /// Topics that only a stream names.
    strangers: Vec<String>,
    /// Ids of the producers.
    pub(crate) producers: Vec<&'d str>,
    /// How many records each producer sends.
    pub(crate) records: Vec<u64>,
    /// Ids of the consumers.
    pub(crate) consumers: Vec<&'d str>,
    pub(crate) problems: &'d Problems,
}

/// A topic of the cluster.
pub(crate) struct KnownTopic {
    pub(crate) name: String,
    /// Replicas of each partition at t=0.
    pub(crate) assignment: Vec<Vec<BrokerId>>,
    /// Partitions that it has at the end, faults included.
    pub(crate) partitions: u32,
}

impl<'d> World<'d> {
    pub(crate) fn new(release: Release, problems: &'d Problems) -> World<'d> {
        World {
            release,
            brokers: 0,
            topics: Vec::new(),
            strangers: Vec::new(),
            producers: Vec::new(),
            records: Vec::new(),
            consumers: Vec::new(),
            problems,
        }
    }

    /// Takes note of the partitions that faults add, so that other parts may name them.
    pub(super) fn grow(&mut self, faults: &[Node]) {
        for fault in faults {
            let Some(act) = fault.as_table().and_then(|fault| fault.get("do")).and_then(Node::as_table) else { continue };
            let (Some(topic), Some(Value::Whole(to))) =
                (act.get("add-partitions").and_then(Node::as_text), act.get("to").map(|to| &to.value))
            else {
                continue;
            };
            let to = (*to).clamp(0, i128::from(limits::PARTITIONS)) as u32;
            if let Some(topic) = self.topics.iter_mut().find(|known| known.name == topic) {
                topic.partitions = topic.partitions.max(to);
            }
        }
        let all: u64 = self.topics.iter().map(|topic| u64::from(topic.partitions)).sum();
        if all > u64::from(limits::PARTITIONS) {
            let at = faults.first().map(|fault| fault.at).unwrap_or_default();
            let message = format!("{all} partitions in all, more than the limit of {}", limits::PARTITIONS);
            self.problems.report_bare(at, message);
        }
    }

    /// Takes note of the clients' ids; every client has one of its own.
    pub(super) fn name_clients(&mut self, producers: &'d [Node], consumers: &'d [Node]) {
        self.producers = producers.iter().map(|node| self.client(node, "[[producers]]")).collect();
        self.records = vec![0; self.producers.len()];
        self.consumers = consumers.iter().map(|node| self.client(node, "[[consumers]]")).collect();
        let mut seen: Vec<(&str, &Node)> = Vec::new();
        let ids = self.producers.iter().zip(producers).chain(self.consumers.iter().zip(consumers));
        let mut ids: Vec<(&str, &Node)> = ids.map(|(id, node)| (*id, node)).filter(|(id, _)| !id.is_empty()).collect();
        ids.sort_by_key(|&(id, node)| (id, node.at.start));
        for (id, node) in ids {
            if seen.last().is_some_and(|&(last, _)| last == id) {
                let at = node.as_table().and_then(|table| table.get("id")).map_or(node.at, |id| id.at);
                self.problems.report(at, format!("there are two clients `{id}`"), "give each producer and consumer an id of its own");
            }
            seen.push((id, node));
        }
    }

    fn client(&self, node: &'d Node, part: &str) -> &'d str {
        let Some(table) = node.as_table() else { return "" };
        match table.get("id") {
            Some(id) => name(id, "id", self.problems).unwrap_or_default(),
            None => {
                self.problems.report(node.at, format!("{part} needs `id`"), "write `id = \"shop\"`");
                ""
            }
        }
    }

    /// A topic by name, one that only a stream names included; a new one is taken up as such.
    pub(super) fn stream_topic(&mut self, topic: &str) -> TopicIx {
        let known = self.topics.iter().position(|known| known.name == topic);
        let place = known.unwrap_or_else(|| {
            let stranger = self.strangers.iter().position(|known| known == topic).unwrap_or_else(|| {
                self.strangers.push(topic.to_owned());
                self.strangers.len() - 1
            });
            self.topics.len() + stranger
        });
        TopicIx(place as u16)
    }

    /// How many topics there are, those that only a stream names included.
    pub(super) fn topic_count(&self) -> usize {
        self.topics.len() + self.strangers.len()
    }

    /// The names that only a stream has.
    pub(super) fn stranger_names(&self) -> Vec<String> {
        self.strangers.clone()
    }

    fn topic_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.topics.iter().map(|topic| topic.name.as_str())
    }

    /// One of the cluster's topics.
    pub(super) fn topic(&self, node: &Node, key: &str) -> Option<TopicIx> {
        let given = text(node, key, self.problems)?;
        find(node, "topic", given, self.topic_names(), self.problems).map(|place| TopicIx(place as u16))
    }

    /// A topic of the cluster or of a stream.
    pub(super) fn any_topic(&self, node: &Node, key: &str) -> Option<TopicIx> {
        let given = text(node, key, self.problems)?;
        let all = self.topic_names().chain(self.strangers.iter().map(String::as_str));
        find(node, "topic", given, all, self.problems).map(|place| TopicIx(place as u16))
    }

    /// A producer by its id.
    pub(super) fn producer(&self, node: &Node, key: &str) -> Option<u16> {
        let given = text(node, key, self.problems)?;
        find(node, "producer", given, self.producers.iter().copied(), self.problems).map(|place| place as u16)
    }

    /// A broker by its id.
    pub(super) fn broker(&self, node: &Node, key: &str) -> Option<BrokerId> {
        match node.value {
            Value::Whole(id) if (0..i128::from(self.brokers)).contains(&id) => Some(BrokerId(id as u32)),
            Value::Whole(id) => {
                let message = format!("there is no broker {id}");
                self.problems.report(node.at, message, format!("the brokers are {}", up_to(self.brokers)));
                None
            }
            _ => {
                let message = format!("`{key}` is a broker's id, not {}", node.kind());
                self.problems.report(node.at, message, format!("the brokers are {}", up_to(self.brokers)));
                None
            }
        }
    }

    /// A partition written `orders-0`.
    pub(crate) fn partition(&self, node: &Node, given: &str) -> Option<TopicPartition> {
        let Some((topic, number)) = given.rsplit_once('-') else {
            let message = format!("`{}` is not a partition", short(given));
            self.problems.report(node.at, message, "a partition is written with its topic: `orders-0`");
            return None;
        };
        let place = find(node, "topic", topic, self.topic_names(), self.problems)?;
        let partitions = self.topics[place].partitions;
        match number.parse::<u32>() {
            Ok(partition) if partition < partitions => Some(TopicPartition { topic: TopicIx(place as u16), partition }),
            _ => {
                let message = format!("`{topic}` has no partition `{}`", short(number));
                self.problems.report(node.at, message, format!("its partitions are {}", up_to(partitions)));
                None
            }
        }
    }

    /// A record written `shop-9`.
    pub(crate) fn record(&self, node: &Node, given: &str) -> Option<RecordId> {
        let Some((producer, number)) = given.rsplit_once('-') else {
            let message = format!("`{}` is not a record", short(given));
            self.problems.report(node.at, message, "a record is written with its producer: `shop-0` is the first of `shop`");
            return None;
        };
        let place = find(node, "producer", producer, self.producers.iter().copied(), self.problems)?;
        match number.parse::<u32>() {
            Ok(index) if u64::from(index) < self.records[place] => {
                Some(RecordId { producer: ProducerIx(place as u16), index })
            }
            _ => {
                let message = format!("`{producer}` sends no record `{}`", short(number));
                let help = match self.records[place] {
                    0 => "it sends none".to_owned(),
                    1 => format!("it sends one, `{producer}-0`"),
                    records => format!("its records are `{producer}-0` to `{producer}-{}`", records - 1),
                };
                self.problems.report(node.at, message, help);
                None
            }
        }
    }

    /// A consumer by its id.
    pub(crate) fn consumer_exists(&self, node: &Node, given: &str) -> bool {
        find(node, "consumer", given, self.consumers.iter().copied(), self.problems).is_some()
    }

    /// The help for a word that is none of these.
    pub(super) fn unknown(&self, node: &Node, what: &str, given: &str, known: &[&str]) {
        self.problems.report(node.at, format!("unknown {what} `{}`", short(given)), suggestion(given, known));
    }
}

/// `0`, `0 and 1`, `0 to 5`.
fn up_to(count: u32) -> String {
    match count {
        0 => "none".to_owned(),
        1 => "0".to_owned(),
        2 => "0 and 1".to_owned(),
        count => format!("0 to {}", count - 1),
    }
}
