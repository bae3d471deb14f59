//! The names of a scenario, known before the parts that refer to them are read.

use std::collections::BTreeMap;

use super::super::document::{Node, Value};
use super::super::error::Problems;
use super::super::limits;
use super::super::quantity::short;
use super::super::section::{name, text, unknown};
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
    /// Topics of both kinds, by name.
    topic_places: BTreeMap<String, usize>,
    /// Ids of the producers.
    pub(crate) producers: Vec<&'d str>,
    producer_places: BTreeMap<&'d str, usize>,
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
            topic_places: BTreeMap::new(),
            producers: Vec::new(),
            producer_places: BTreeMap::new(),
            records: Vec::new(),
            consumers: Vec::new(),
            problems,
        }
    }

    /// Takes note of a topic of the cluster; false: there is one of this name.
    pub(super) fn add_topic(&mut self, name: &str) -> bool {
        if self.topic_places.contains_key(name) {
            return false;
        }
        self.topic_places.insert(name.to_owned(), self.topics.len());
        self.topics.push(KnownTopic { name: name.to_owned(), assignment: Vec::new(), partitions: 0 });
        true
    }

    /// Takes note of the partitions that faults add, so that other parts may name them.
    pub(super) fn grow(&mut self, faults: &[Node]) {
        for fault in faults {
            let Some(act) = fault.as_table().and_then(|fault| fault.get("do")).and_then(Node::as_table)
            else {
                continue;
            };
            let (Some(topic), Some(Value::Whole(to))) =
                (act.get("add-partitions").and_then(Node::as_text), act.get("to").map(|to| &to.value))
            else {
                continue;
            };
            let to = (*to).clamp(0, i128::from(limits::PARTITIONS)) as u32;
            if let Some(&place) = self.topic_places.get(topic) {
                let topic = &mut self.topics[place];
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
        self.producer_places = self.producers.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        self.records = vec![0; self.producers.len()];
        self.consumers = consumers.iter().map(|node| self.client(node, "[[consumers]]")).collect();
        let mut seen: Vec<(&str, &Node)> = Vec::new();
        let ids = self.producers.iter().zip(producers).chain(self.consumers.iter().zip(consumers));
        let mut ids: Vec<(&str, &Node)> =
            ids.map(|(id, node)| (*id, node)).filter(|(id, _)| !id.is_empty()).collect();
        ids.sort_by_key(|&(id, node)| (id, node.at.start));
        for (id, node) in ids {
            if seen.last().is_some_and(|&(last, _)| last == id) {
                let at = node.as_table().and_then(|table| table.get("id")).map_or(node.at, |id| id.at);
                self.problems.report(
                    at,
                    format!("there are two clients `{id}`"),
                    "give each producer and consumer an id of its own",
                );
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
        let place = self.topic_places.get(topic).copied().unwrap_or_else(|| {
            let place = self.topics.len() + self.strangers.len();
            self.strangers.push(topic.to_owned());
            self.topic_places.insert(topic.to_owned(), place);
            place
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

    fn topic_names(&self) -> impl Iterator<Item = &str> {
        self.topics.iter().map(|topic| topic.name.as_str())
    }

    fn cluster_topic(&self, node: &Node, name: &str) -> Option<usize> {
        let place = self.topic_places.get(name).copied().filter(|&place| place < self.topics.len());
        if place.is_none() {
            unknown(node, "topic", name, self.topic_names(), self.problems);
        }
        place
    }

    fn producer_place(&self, node: &Node, id: &str) -> Option<usize> {
        let place = self.producer_places.get(id).copied();
        if place.is_none() {
            unknown(node, "producer", id, self.producers.iter().copied(), self.problems);
        }
        place
    }

    /// One of the cluster's topics.
    pub(super) fn topic(&self, node: &Node, key: &str) -> Option<TopicIx> {
        let given = text(node, key, self.problems)?;
        self.cluster_topic(node, given).map(|place| TopicIx(place as u16))
    }

    /// A topic of the cluster or of a stream.
    pub(super) fn any_topic(&self, node: &Node, key: &str) -> Option<TopicIx> {
        let given = text(node, key, self.problems)?;
        let place = self.topic_places.get(given).copied();
        if place.is_none() {
            let strangers = self.strangers.iter().map(String::as_str);
            unknown(node, "topic", given, self.topic_names().chain(strangers), self.problems);
        }
        place.map(|place| TopicIx(place as u16))
    }

    /// A producer by its id.
    pub(super) fn producer(&self, node: &Node, key: &str) -> Option<u16> {
        let given = text(node, key, self.problems)?;
        self.producer_place(node, given).map(|place| place as u16)
    }

    /// A broker by its id.
    pub(super) fn broker(&self, node: &Node, key: &str) -> Option<BrokerId> {
        match node.value {
            Value::Whole(id) if (0..i128::from(self.brokers)).contains(&id) => Some(BrokerId(id as u32)),
            Value::Whole(id) => {
                let message = format!("there is no broker {id}");
                self.problems.report(node.at, message, format!("brokers are {}", up_to(self.brokers)));
                None
            }
            _ => {
                let message = format!("`{key}` is a broker's id, not {}", node.kind());
                self.problems.report(node.at, message, format!("brokers are {}", up_to(self.brokers)));
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
        let place = self.cluster_topic(node, topic)?;
        let partitions = self.topics[place].partitions;
        match number.parse::<u32>() {
            Ok(partition) if partition < partitions => {
                Some(TopicPartition { topic: TopicIx(place as u16), partition })
            }
            _ => {
                let message = format!("`{topic}` has no partition `{}`", short(number));
                self.problems.report(node.at, message, format!("it has {}", up_to(partitions)));
                None
            }
        }
    }

    /// A record written `shop-9`.
    pub(crate) fn record(&self, node: &Node, given: &str) -> Option<RecordId> {
        let Some((producer, number)) = given.rsplit_once('-') else {
            let message = format!("`{}` is not a record", short(given));
            self.problems.report(
                node.at,
                message,
                "a record is written with its producer: `shop-0` is the first of `shop`",
            );
            return None;
        };
        let place = self.producer_place(node, producer)?;
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

    /// Whether there is a consumer of this id; if not, that is reported.
    pub(crate) fn consumer_exists(&self, node: &Node, given: &str) -> bool {
        let exists = self.consumers.contains(&given);
        if !exists {
            unknown(node, "consumer", given, self.consumers.iter().copied(), self.problems);
        }
        exists
    }

    /// Whether this is a producer's id.
    pub(crate) fn is_producer(&self, id: &str) -> bool {
        self.producer_places.contains_key(id)
    }
}

/// `only 0`, `0 and 1`, `0 to 5`.
fn up_to(count: u32) -> String {
    match count {
        0 => "none".to_owned(),
        1 => "only 0".to_owned(),
        2 => "0 and 1".to_owned(),
        count => format!("0 to {}", count - 1),
    }
}
