//! What an application has seen, kept by batch.

use crate::record::{BrokerId, RecordContent, RecordId, StoredBatch, TopicPartition};
use crate::time::Time;

/// Records of one batch that an application was given at once: those from one place of the batch to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// When.
    pub time: Time,
    /// From which broker.
    pub broker: BrokerId,
    /// The batch, shared with the logs.
    pub stored: StoredBatch,
    /// Place in the batch of the first record that is new.
    pub from: u32,
}

impl Read {
    /// The partition.
    pub fn tp(&self) -> TopicPartition {
        self.stored.batch.tp
    }

    /// How many records.
    pub fn len(&self) -> u32 {
        self.stored.batch.records.len() - self.from
    }

    /// Whether there is none; never so for what a consumer has read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its records in order: offset, name, and key and value where they are kept.
    pub fn records(&self) -> impl Iterator<Item = (i64, RecordId, Option<&RecordContent>)> {
        let batch = &self.stored.batch;
        let producer = batch.batch.producer;
        let indices = batch.records.iter().enumerate().skip(self.from as usize);
        indices.map(move |(place, index)| {
            (self.stored.base_offset + place as i64, RecordId { producer, index }, batch.contents.get(place))
        })
    }
}
