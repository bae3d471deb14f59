//! A client script, read and checked.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::check;
use super::error::ScriptError;
use super::fields::{self, AnswerFields, ProduceAnswerFields, StepFields, StreamFields, ThenFields};
use crate::protocol::ErrorCode;
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::time::{Span, Time};

/// What a producer is to do, and how the cluster answers it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Its name.
    pub name: String,
    /// One sentence for people.
    pub about: Option<String>,
    /// Producer properties; what is not given has the release's default.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    /// The stand-in for the cluster.
    pub cluster: ClusterSpec,
    /// What happens when.
    pub steps: Vec<Step>,
    /// What the stand-in answers.
    #[serde(default)]
    pub answers: Answers,
    /// What the sticky partitioner draws.
    #[serde(default)]
    pub sticky_draws: StickyDraws,
    /// Compressed size / plain size of the stand-in codec; with `compression.type` `snappy`.
    pub compression_ratio: Option<f64>,
    /// Nothing happens after this.
    #[serde(deserialize_with = "fields::instant")]
    pub until: Time,
}

impl Script {
    /// Reads a script and checks it.
    ///
    /// # Errors
    /// When the text is no script: the field, and what is wrong with it.
    pub fn read(json: &str) -> Result<Script, ScriptError> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let mut script: Script = serde_path_to_error::deserialize(&mut reader)?;
        reader.end().map_err(ScriptError::AfterTheEnd)?;
        check::check(&script)?;
        script.cluster.sort();
        Ok(script)
    }
}

/// What the sticky partitioner draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StickyDraws {
    /// Always 0.
    #[default]
    Zero,
    /// 0, 1, 2, ... for each topic.
    Count,
}

/// The nodes and topics of the stand-in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterSpec {
    /// The nodes, all of them replicas of everything.
    #[serde(deserialize_with = "fields::brokers")]
    pub nodes: Vec<BrokerId>,
    /// From the start of a connection to its being usable.
    #[serde(rename = "connect_ms", deserialize_with = "fields::span")]
    pub connect: Span,
    /// The topics.
    pub topics: Vec<TopicSpec>,
    /// What a log says to a producer that it does not know.
    #[serde(default)]
    pub unknown_producer: UnknownProducer,
}

impl ClusterSpec {
    /// The client knows nodes and topics in ascending order, so that is how they are numbered.
    fn sort(&mut self) {
        self.nodes.sort_unstable();
        self.topics.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// The topic of this name.
    pub(super) fn topic(&self, name: &str) -> Option<(TopicIx, &TopicSpec)> {
        let at = self.topics.iter().position(|topic| topic.name == name)?;
        Some((TopicIx(at as u16), &self.topics[at]))
    }

    /// The partition of this name, `t-0`, whether or not it is there.
    pub(super) fn partition(&self, name: &str) -> Option<TopicPartition> {
        let (topic, partition) = name.rsplit_once('-')?;
        let (topic, _) = self.topic(topic)?;
        Some(TopicPartition { topic, partition: partition.parse().ok()? })
    }
}

/// A topic with the leaders at t=0.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// The leader of each partition.
    #[serde(deserialize_with = "fields::leaders")]
    pub leaders: Vec<Option<BrokerId>>,
    /// None: the producer knows the topic at t=0. Else it does not, and the topic exists from this instant on.
    #[serde(default, deserialize_with = "fields::some_instant")]
    pub from: Option<Time>,
}

/// Which sequence an unknown producer may start at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownProducer {
    /// Only 0.
    #[default]
    Zero,
    /// Any (brokers before the fix of KAFKA-14359).
    Any,
}

/// Something that happens at a given time.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "StepFields")]
pub struct Step {
    /// When.
    pub at: Time,
    /// What.
    pub act: Act,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// The application sends; a `send` is a stream of one.
    Stream(Stream),
    /// A partition gets another leader, or none.
    Leader(LeaderChange),
    /// A topic gets more partitions.
    Partitions(MorePartitions),
    /// A node goes away.
    NodeDown(BrokerId),
    /// Connections to it are neither accepted nor refused.
    NodeSilent(BrokerId),
    /// It comes back.
    NodeUp(BrokerId),
    /// `flush()`.
    Flush,
    /// `close(timeout)`.
    Close(Span),
}

/// Records with ids from `first_id`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "StreamFields")]
pub struct Stream {
    /// The first record's id.
    pub first_id: i64,
    /// How many records.
    pub count: u32,
    /// When each is sent.
    pub pace: Pace,
    /// What all have in common.
    pub record: RecordSpec,
}

/// When the records of a stream are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// One each so long; zero: all at once.
    Every(Span),
    /// Each in the callback's instant of the one before.
    Sync,
}

/// A record but for its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSpec {
    /// Where to.
    pub topic: String,
    /// The partition, if the record names one.
    pub partition: Option<u32>,
    /// The key, if it has one.
    pub key: Option<String>,
    /// Size of the value: the id in 8 bytes, then zeros.
    pub value_bytes: u32,
    /// What its callback does.
    pub then: Option<Then>,
}

/// What a callback does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ThenFields")]
pub enum Then {
    /// `send()`.
    Send {
        /// The record's id.
        id: i64,
        /// The record.
        record: Box<RecordSpec>,
    },
    /// `flush()`.
    Flush,
    /// `close()`, whose timeout counts for nothing in a callback.
    Close,
}

/// What metadata answers say from now on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaderChange {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: u32,
    /// The leader; -1 in the file is nobody.
    #[serde(deserialize_with = "fields::leader")]
    pub node: Option<BrokerId>,
    /// Its epoch.
    pub epoch: i32,
}

/// More partitions of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MorePartitions {
    /// The topic.
    pub topic: String,
    /// The leader of each new partition.
    #[serde(deserialize_with = "fields::leaders")]
    pub leaders: Vec<Option<BrokerId>>,
}

/// What the stand-in answers where it is not a plain `ok`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answers {
    /// From a request's being written to its answer's being read, where the answer does not say.
    #[serde(deserialize_with = "fields::span")]
    pub delay: Span,
    /// To Produce requests, each to the n-th of a node.
    pub produce: Vec<ProduceAnswer>,
    /// To InitProducerId requests.
    pub init_producer_id: Vec<Answer>,
    /// To Metadata requests.
    pub metadata: Vec<Answer>,
}

impl Default for Answers {
    fn default() -> Self {
        Answers {
            delay: Span::from_millis(2),
            produce: Vec::new(),
            init_producer_id: Vec::new(),
            metadata: Vec::new(),
        }
    }
}

/// The answer to one Produce request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "ProduceAnswerFields")]
pub struct ProduceAnswer {
    /// To which node.
    pub node: BrokerId,
    /// The only partition that an error concerns, `t-0`; none: all.
    pub partition: Option<String>,
    /// Whether the error names the leader.
    pub hint: bool,
    /// For how long the client is told to hold back, in ms.
    pub throttle_ms: i32,
    /// Which records of a batch the error names, by their places in it.
    pub record_errors: Vec<u32>,
    /// The rest.
    pub answer: Answer,
}

/// The answer to one request.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "AnswerFields")]
pub struct Answer {
    /// To which request of its kind, from 1.
    pub nth: u32,
    /// What becomes of the answer.
    pub what: What,
    /// Whether the log takes the batches, if the file says so.
    pub append: Option<bool>,
    /// From the request's being written to the answer's being read, or the connection's closing.
    pub delay: Option<Span>,
}

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It comes.
    Ok,
    /// It is this error.
    Error(ErrorCode),
    /// It never comes, and nothing after it on its connection.
    Lose,
    /// The same, and the connection closes.
    Disconnect,
}

#[cfg(test)]
mod tests;
