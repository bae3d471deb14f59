//! What the client knows of the cluster at one moment (`MetadataSnapshot`, `Cluster`): who leads what.

use std::sync::Arc;

use crate::record::{BrokerId, TopicIx, TopicPartition};

/// Brokers and topics as the last metadata answers had them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    /// The brokers, in the order in which a search for the least loaded one walks.
    pub(crate) nodes: Vec<BrokerId>,
    /// By topic; none: not in the metadata.
    topics: Vec<Option<Arc<TopicCluster>>>,
    /// How many partitions each broker leads, by its id.
    led: Vec<u32>,
    /// How many others its owner knew before.
    pub(crate) number: u64,
}

/// One topic as the client knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TopicCluster {
    /// Its partitions, ascending.
    pub(crate) partitions: Vec<PartitionLeader>,
    /// Those with a leader, ascending.
    pub(crate) available: Vec<u32>,
}

/// Who leads a partition, as far as the client knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartitionLeader {
    /// The leader; none: there is none, or it is no broker that the client knows.
    pub(crate) leader: Option<BrokerId>,
    /// Its epoch, if known.
    pub(crate) leader_epoch: Option<i32>,
    /// The partition's place among all that its leader leads, by topic and partition (`partitionsForNode`).
    pub(crate) place: u32,
}

impl TopicCluster {
    /// How many partitions there are.
    pub(crate) fn count(&self) -> u32 {
        self.partitions.len() as u32
    }
}

impl Cluster {
    /// A cluster of these brokers and topics.
    pub(crate) fn new(nodes: Vec<BrokerId>, mut topics: Vec<Option<TopicCluster>>) -> Cluster {
        let ids = nodes.iter().map(|node| node.0 as usize + 1).max().unwrap_or(0);
        let mut led = vec![0; ids];
        for topic in topics.iter_mut().flatten() {
            topic.available.clear();
            for (number, partition) in topic.partitions.iter_mut().enumerate() {
                partition.leader = partition.leader.filter(|leader| nodes.contains(leader));
                let Some(leader) = partition.leader else { continue };
                let count = &mut led[leader.0 as usize];
                partition.place = *count;
                *count += 1;
                topic.available.push(number as u32);
            }
        }
        Cluster {
            nodes,
            topics: topics.into_iter().map(|topic| topic.map(Arc::new)).collect(),
            led,
            number: 0,
        }
    }

    /// A topic, if the metadata has it.
    #[inline]
    pub(crate) fn topic(&self, topic: TopicIx) -> Option<&Arc<TopicCluster>> {
        self.topics.get(usize::from(topic.0))?.as_ref()
    }

    /// The topics' places that there are room for.
    pub(crate) fn topics(&self) -> &[Option<Arc<TopicCluster>>] {
        &self.topics
    }

    /// A partition, if the metadata has it.
    #[inline]
    pub(crate) fn partition(&self, tp: TopicPartition) -> Option<&PartitionLeader> {
        self.topic(tp.topic)?.partitions.get(tp.partition as usize)
    }

    /// How many partitions this broker leads.
    pub(crate) fn led_by(&self, node: BrokerId) -> u32 {
        self.led.get(node.0 as usize).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led_by(leader: u32) -> PartitionLeader {
        PartitionLeader { leader: Some(BrokerId(leader)), leader_epoch: Some(0), place: 0 }
    }

    #[test]
    fn a_brokers_partitions_are_counted_over_all_topics() {
        let topic = |leaders: &[u32]| {
            Some(TopicCluster {
                partitions: leaders.iter().map(|&l| led_by(l)).collect(),
                available: Vec::new(),
            })
        };
        let cluster =
            Cluster::new(vec![BrokerId(0), BrokerId(1)], vec![topic(&[0, 1, 0]), None, topic(&[1, 0])]);
        let place = |topic, partition| {
            cluster.partition(TopicPartition { topic: TopicIx(topic), partition }).map(|p| p.place)
        };
        assert_eq!([place(0, 0), place(0, 2), place(2, 1)], [Some(0), Some(1), Some(2)]);
        assert_eq!([place(0, 1), place(2, 0), place(1, 0)], [Some(0), Some(1), None]);
        assert_eq!((cluster.led_by(BrokerId(0)), cluster.led_by(BrokerId(1))), (3, 2));
    }

    #[test]
    fn a_leader_that_no_answer_lists_is_none() {
        let topic = TopicCluster { partitions: vec![led_by(7), led_by(0)], available: Vec::new() };
        let cluster = Cluster::new(vec![BrokerId(0)], vec![Some(topic)]);
        assert_eq!(cluster.topic(TopicIx(0)).map(|topic| topic.available.clone()), Some(vec![1]));
    }
}
