//! The batches in flight, partition by partition (`Sender.inFlightBatches`).

use crate::accumulator::{BatchIx, Batches, NextExpiry};
use crate::record::TopicPartition;

/// Batches from their drain to their result, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct InFlightBatches {
    /// Only partitions that have some, ascending.
    partitions: Vec<(TopicPartition, Vec<BatchIx>)>,
    /// Lists that are not in use.
    spare: Vec<Vec<BatchIx>>,
}

impl InFlightBatches {
    /// A batch was drained.
    pub(super) fn add(&mut self, tp: TopicPartition, batch: BatchIx) {
        match self.partitions.binary_search_by_key(&tp, |entry| entry.0) {
            Ok(at) => self.partitions[at].1.push(batch),
            Err(at) => {
                let mut list = self.spare.pop().unwrap_or_default();
                list.push(batch);
                self.partitions.insert(at, (tp, list));
            }
        }
    }

    /// A batch has its result, or went back into its queue.
    pub(super) fn remove(&mut self, tp: TopicPartition, batch: BatchIx) {
        let Ok(at) = self.partitions.binary_search_by_key(&tp, |entry| entry.0) else { return };
        let list = &mut self.partitions[at].1;
        list.retain(|&other| other != batch);
        if list.is_empty() {
            let (_, list) = self.partitions.remove(at);
            self.spare.push(list);
        }
    }

    /// The batches whose `delivery.timeout.ms` is over, partition by partition up to the first live one, whose deadline
    /// counts (`getExpiredInflightBatches`). They are in flight no more.
    pub(super) fn expired(
        &mut self,
        batches: &Batches,
        delivery_timeout_ms: i64,
        now_ms: i64,
        next: &mut NextExpiry,
    ) -> Vec<BatchIx> {
        let mut expired = Vec::new();
        for (_, list) in &self.partitions {
            for &batch in list {
                if !batches[batch].has_reached_delivery_timeout(delivery_timeout_ms, now_ms) {
                    next.see(&batches[batch], delivery_timeout_ms);
                    break;
                }
                expired.push(batch);
            }
        }
        for &batch in &expired {
            self.remove(batches[batch].tp, batch);
        }
        expired
    }
}
