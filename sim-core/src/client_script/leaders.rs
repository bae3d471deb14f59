//! Who leads what in the stand-in, and the metadata answers that say so.

use super::script::ClusterSpec;
use crate::protocol::{ErrorCode, MetadataResponse, PartitionMetadata, TopicMetadata};
use crate::record::{BrokerId, TopicIx, TopicPartition};

#[derive(Clone, Debug)]
pub(super) struct Leaders {
    nodes: Vec<BrokerId>,
    topics: Vec<Vec<PartitionMetadata>>,
}

impl Leaders {
    pub(super) fn new(cluster: &ClusterSpec) -> Leaders {
        let partitions = |leaders: &[Option<BrokerId>]| {
            (0..).zip(leaders).map(|(partition, &leader)| led_by(partition, leader, 0)).collect()
        };
        Leaders {
            nodes: cluster.nodes.clone(),
            topics: cluster.topics.iter().map(|topic| partitions(&topic.leaders)).collect(),
        }
    }

    pub(super) fn change(&mut self, tp: TopicPartition, leader: Option<BrokerId>, epoch: i32) {
        self.topics[usize::from(tp.topic.0)][tp.partition as usize] = led_by(tp.partition, leader, epoch);
    }

    /// Every node is listed, also those that are down.
    pub(super) fn metadata(&self, topics: impl IntoIterator<Item = TopicIx>) -> MetadataResponse {
        let topic = |topic: TopicIx| TopicMetadata {
            topic,
            error: ErrorCode::None,
            partitions: self.topics[usize::from(topic.0)].clone(),
        };
        MetadataResponse { brokers: self.nodes.clone(), topics: topics.into_iter().map(topic).collect() }
    }

    /// What a producer that asked for everything just now would have been told.
    pub(super) fn all(&self) -> MetadataResponse {
        self.metadata((0..self.topics.len() as u16).map(TopicIx))
    }
}

fn led_by(partition: u32, leader: Option<BrokerId>, leader_epoch: i32) -> PartitionMetadata {
    let error = if leader.is_some() { ErrorCode::None } else { ErrorCode::LeaderNotAvailable };
    PartitionMetadata { partition, error, leader, leader_epoch }
}
