//! A broker's view of the cluster: what the controller has told it (Kafka's `MetadataCache`), and the answers to clients.

use std::sync::Arc;

use crate::config::Release;
use crate::protocol::{
    ErrorCode, LeaderHint, MetadataRequest, MetadataResponse, PartitionMetadata, TopicMetadata,
};
use crate::record::{BrokerId, TopicIx, TopicPartition};

/// What the controller has decided about a partition (Kafka's `PartitionRegistration`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionRegistration {
    pub(crate) replicas: Arc<[BrokerId]>,
    pub(crate) leader: Option<BrokerId>,
    pub(crate) leader_epoch: i32,
    pub(crate) partition_epoch: i32,
    pub(crate) isr: Arc<[BrokerId]>,
}

/// A broker as the metadata has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BrokerRegistration {
    pub(crate) broker_epoch: i64,
    pub(crate) fenced: bool,
    pub(crate) shutting_down: bool,
}

/// The metadata that a broker has applied.
#[derive(Clone, Debug, Default)]
pub(crate) struct MetadataImage {
    /// By broker id.
    brokers: Vec<Option<BrokerRegistration>>,
    /// By topic, then by partition.
    topics: Vec<Vec<Option<PartitionRegistration>>>,
}

impl MetadataImage {
    pub(crate) fn set_broker(&mut self, broker: BrokerId, registration: BrokerRegistration) {
        *slot(&mut self.brokers, broker.0 as usize) = Some(registration);
    }

    pub(crate) fn set_partition(&mut self, tp: TopicPartition, registration: PartitionRegistration) {
        let topic = tp.topic.0 as usize;
        if self.topics.len() <= topic {
            self.topics.resize_with(topic + 1, Vec::new);
        }
        *slot(&mut self.topics[topic], tp.partition as usize) = Some(registration);
    }

    pub(crate) fn broker(&self, broker: BrokerId) -> Option<&BrokerRegistration> {
        self.brokers.get(broker.0 as usize)?.as_ref()
    }

    pub(crate) fn partition(&self, tp: TopicPartition) -> Option<&PartitionRegistration> {
        self.topics.get(tp.topic.0 as usize)?.get(tp.partition as usize)?.as_ref()
    }

    /// Whether a replica that fetches with this broker epoch (-1: any) may join an ISR (`broker.md R21`): neither fenced
    /// nor leaving since 3.3 (KIP-841), not rebooted since 3.5 (KIP-903).
    pub(crate) fn is_isr_eligible(&self, broker: BrokerId, broker_epoch: i64, release: Release) -> bool {
        let Some(known) = self.broker(broker) else { return !release.at_least(3, 3) };
        let leaves = release.at_least(3, 3) && (known.fenced || known.shutting_down);
        let rebooted = release.at_least(3, 5) && broker_epoch != -1 && broker_epoch != known.broker_epoch;
        !leaves && !rebooted
    }

    /// The leader that an error may name (KIP-951).
    pub(crate) fn leader_hint(&self, tp: TopicPartition) -> Option<LeaderHint> {
        let partition = self.partition(tp)?;
        Some(LeaderHint { leader: partition.leader?, leader_epoch: partition.leader_epoch })
    }

    /// The answer to a client, by this broker's own metadata, stale or not (`broker.md F15`).
    pub(crate) fn answer(&self, request: &MetadataRequest) -> MetadataResponse {
        let alive = |at: &usize| self.is_alive(BrokerId(*at as u32));
        MetadataResponse {
            brokers: (0..self.brokers.len()).filter(alive).map(|at| BrokerId(at as u32)).collect(),
            topics: request.topics.iter().map(|&topic| self.topic(topic)).collect(),
        }
    }

    /// Whether the broker is registered and not fenced.
    pub(crate) fn is_alive(&self, broker: BrokerId) -> bool {
        self.broker(broker).is_some_and(|known| !known.fenced)
    }

    fn topic(&self, topic: TopicIx) -> TopicMetadata {
        let partitions: Vec<PartitionMetadata> = self
            .topics
            .get(topic.0 as usize)
            .into_iter()
            .flatten()
            .zip(0..)
            .filter_map(|(known, partition)| Some(self.partition_metadata(partition, known.as_ref()?)))
            .collect();
        let error = if partitions.is_empty() { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::None };
        TopicMetadata { topic, error, partitions }
    }

    fn partition_metadata(&self, partition: u32, known: &PartitionRegistration) -> PartitionMetadata {
        let leader = known.leader.filter(|&leader| self.is_alive(leader));
        let error = if leader.is_some() { ErrorCode::None } else { ErrorCode::LeaderNotAvailable };
        PartitionMetadata { partition, error, leader, leader_epoch: known.leader_epoch }
    }
}

fn slot<T>(list: &mut Vec<Option<T>>, at: usize) -> &mut Option<T> {
    if list.len() <= at {
        list.resize_with(at + 1, || None);
    }
    &mut list[at]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: TopicIx = TopicIx(0);
    const TP: TopicPartition = TopicPartition { topic: ORDERS, partition: 0 };

    fn registration(broker_epoch: i64, fenced: bool) -> BrokerRegistration {
        BrokerRegistration { broker_epoch, fenced, shutting_down: false }
    }

    fn image(leader: Option<u32>, fenced: &[bool]) -> MetadataImage {
        let mut image = MetadataImage::default();
        for (id, &fenced) in fenced.iter().enumerate() {
            image.set_broker(BrokerId(id as u32), registration(5, fenced));
        }
        let replicas: Arc<[BrokerId]> = [BrokerId(0), BrokerId(1)].into();
        image.set_partition(
            TP,
            PartitionRegistration {
                isr: replicas.clone(),
                replicas,
                leader: leader.map(BrokerId),
                leader_epoch: 3,
                partition_epoch: 8,
            },
        );
        image
    }

    fn partition(image: &MetadataImage) -> PartitionMetadata {
        image.answer(&MetadataRequest { topics: [ORDERS].into() }).topics[0].partitions[0]
    }

    /// `broker.md F15`: the recorded leader; a fenced one, or none, is LEADER_NOT_AVAILABLE.
    #[test]
    fn metadata_names_living_leaders() {
        let named = partition(&image(Some(1), &[false, false]));
        assert_eq!((named.leader, named.leader_epoch, named.error), (Some(BrokerId(1)), 3, ErrorCode::None));
        for unavailable in [image(Some(1), &[false, true]), image(None, &[false, false])] {
            let partition = partition(&unavailable);
            assert_eq!((partition.leader, partition.error), (None, ErrorCode::LeaderNotAvailable));
        }
    }

    #[test]
    fn unknown_topics_and_fenced_brokers_show() {
        let answer = image(Some(0), &[false, true]).answer(&MetadataRequest { topics: [TopicIx(4)].into() });
        assert_eq!(answer.brokers, [BrokerId(0)]);
        assert_eq!(answer.topics[0].error, ErrorCode::UnknownTopicOrPartition);
    }

    /// `broker.md R21`, table 0.1: KIP-841 in 3.3, KIP-903 in 3.5.
    #[test]
    fn who_may_join_an_isr() {
        let image = image(Some(0), &[false, true]);
        let newest = Release::NEWEST;
        assert!(
            image.is_isr_eligible(BrokerId(0), 5, newest) && image.is_isr_eligible(BrokerId(0), -1, newest)
        );
        assert!(!image.is_isr_eligible(BrokerId(0), 4, newest), "it has rebooted");
        assert!(image.is_isr_eligible(BrokerId(0), 4, Release::new(3, 4)));
        assert!(!image.is_isr_eligible(BrokerId(1), 5, newest), "it is fenced");
        assert!(image.is_isr_eligible(BrokerId(1), 5, Release::new(3, 2)));
    }
}
