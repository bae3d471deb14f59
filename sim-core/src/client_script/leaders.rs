//! Who leads what in the stand-in, and the metadata answers that say so.

use super::script::{ClusterSpec, TopicSpec};
use crate::protocol::{ErrorCode, LeaderHint, MetadataResponse, PartitionMetadata, TopicMetadata};
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct Leaders {
    nodes: Vec<BrokerId>,
    topics: Vec<Topic>,
}

#[derive(Clone, Debug)]
struct Topic {
    /// None: the producer knows it at t=0.
    from: Option<Time>,
    partitions: Vec<PartitionMetadata>,
}

impl Leaders {
    pub(super) fn new(cluster: &ClusterSpec) -> Leaders {
        let topic = |spec: &TopicSpec| Topic { from: spec.from, partitions: led_by_each(0, &spec.leaders) };
        Leaders { nodes: cluster.nodes.clone(), topics: cluster.topics.iter().map(topic).collect() }
    }

    /// The topic's next partitions have these leaders.
    pub(super) fn add(&mut self, topic: TopicIx, leaders: &[Option<BrokerId>]) {
        let partitions = &mut self.topics[usize::from(topic.0)].partitions;
        partitions.extend(led_by_each(partitions.len() as u32, leaders));
    }

    pub(super) fn change(&mut self, tp: TopicPartition, leader: Option<BrokerId>, epoch: i32) {
        self.topics[usize::from(tp.topic.0)].partitions[tp.partition as usize] =
            led_by(tp.partition, leader, epoch);
    }

    /// What a produce answer says of the leader; nothing if there is none.
    pub(super) fn hint(&self, tp: TopicPartition) -> Option<LeaderHint> {
        let known = self.topics.get(usize::from(tp.topic.0))?.partitions.get(tp.partition as usize)?;
        Some(LeaderHint { leader: known.leader?, leader_epoch: known.leader_epoch })
    }

    /// Every node is listed, also those that are down.
    pub(super) fn metadata(&self, now: Time, topics: impl IntoIterator<Item = TopicIx>) -> MetadataResponse {
        let topic = |ix: TopicIx| {
            let topic = &self.topics[usize::from(ix.0)];
            if topic.from.is_some_and(|from| now < from) {
                let error = ErrorCode::UnknownTopicOrPartition;
                return TopicMetadata { topic: ix, error, partitions: Vec::new() };
            }
            TopicMetadata { topic: ix, error: ErrorCode::None, partitions: topic.partitions.clone() }
        };
        MetadataResponse { brokers: self.nodes.clone(), topics: topics.into_iter().map(topic).collect() }
    }

    /// What the producer knows at t=0.
    pub(super) fn known_at_start(&self) -> MetadataResponse {
        let topics = (0..).map(TopicIx).zip(&self.topics);
        self.metadata(Time::ZERO, topics.filter(|(_, topic)| topic.from.is_none()).map(|(ix, _)| ix))
    }
}

fn led_by_each(first: u32, leaders: &[Option<BrokerId>]) -> Vec<PartitionMetadata> {
    (first..).zip(leaders).map(|(partition, &leader)| led_by(partition, leader, 0)).collect()
}

fn led_by(partition: u32, leader: Option<BrokerId>, leader_epoch: i32) -> PartitionMetadata {
    let error = if leader.is_some() { ErrorCode::None } else { ErrorCode::LeaderNotAvailable };
    PartitionMetadata { partition, error, leader, leader_epoch }
}
