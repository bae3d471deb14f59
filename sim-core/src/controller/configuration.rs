//! Settings that change at run time (Kafka's `ConfigurationControlManager`): a decision as any other, which brokers learn of by
//! the controller's word (`broker.md F11`).

use std::sync::Arc;

use super::partition::PartitionEvent;
use super::{AdminError, Controller};
use crate::config::TopicConfig;
use crate::protocol::MetadataUpdate;
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::scenario::Acting;
use crate::trace::{Cx, Observer, Seq};

/// Whose settings (Kafka's `ConfigResource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource {
    Topic(TopicIx),
    Broker(BrokerId),
}

/// The last change of somebody's settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConfigRecord {
    of: Resource,
    offset: u64,
    change: u32,
}

impl ConfigRecord {
    pub(super) fn update(&self) -> (u64, Arc<MetadataUpdate>) {
        let ConfigRecord { offset, change, .. } = *self;
        (offset, Arc::new(MetadataUpdate::Config { offset, change }))
    }
}

impl Controller {
    /// New settings of a topic or a broker.
    pub(super) fn set_config<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        change: u32,
        to: &Acting,
        cause: Seq,
    ) -> Result<(), AdminError> {
        match to {
            Acting::Topic(topic, config) => {
                let known = self.topics.get_mut(topic.0 as usize).ok_or(AdminError::UnknownTopic)?;
                let before = std::mem::replace(&mut known.config, config.clone());
                self.record_config(cx, Resource::Topic(*topic), change, cause);
                self.topic_has_new_config(cx, *topic, &before, cause);
            }
            Acting::Broker(broker, _) => self.record_config(cx, Resource::Broker(*broker), change, cause),
        }
        Ok(())
    }

    fn record_config<O>(&mut self, cx: &Cx<'_, O>, of: Resource, change: u32, cause: Seq) {
        let offset = self.next_offset();
        let record = ConfigRecord { of, offset, change };
        self.config_records.retain(|known| known.of != of);
        self.config_records.push(record);
        self.tell_all(cx.now, &record.update().1, None, cause);
    }

    /// With another `min.insync.replicas` every ELR ends, and who is remembered as the last leader (KIP-966, "min.insync.replicas
    /// config update"; Kafka's `ClearElrRecord` from 4.0 on): who is eligible by the old one may lack what is committed by the
    /// new one.
    fn topic_has_new_config<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        topic: TopicIx,
        before: &TopicConfig,
        cause: Seq,
    ) {
        let known = &self.topics[topic.0 as usize];
        if before.min_insync_replicas == known.config.min_insync_replicas {
            return;
        }
        for partition in 0..known.partitions.len() as u32 {
            self.change(cx, TopicPartition { topic, partition }, PartitionEvent::MinIsrChanged, None, cause);
        }
    }
}
