//! Batches that wait in a queue for too long (`producer.md 4.9`).

use super::RecordAccumulator;
use super::batch::ProducerBatch;
use super::batches::BatchIx;
use crate::trace::Seq;

/// The earliest deadline among batches that were looked at, and the append that set it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NextExpiry {
    /// In ms of the client's clock; `i64::MAX`: none.
    pub(crate) at_ms: i64,
    /// The append that opened the batch.
    pub(crate) cause: Seq,
}

impl NextExpiry {
    /// No deadline yet.
    pub(crate) fn none() -> NextExpiry {
        NextExpiry { at_ms: i64::MAX, cause: Seq::OUTSIDE }
    }

    /// Counts this batch in (`maybeUpdateNextBatchExpiryTime`).
    pub(crate) fn see(&mut self, batch: &ProducerBatch, delivery_timeout_ms: i64) {
        let at_ms = batch.created_ms.saturating_add(delivery_timeout_ms);
        if at_ms < self.at_ms {
            *self = NextExpiry { at_ms, cause: batch.marks.created };
        }
    }
}

impl RecordAccumulator {
    /// Takes the batches out of their queues whose time is over, and counts the others' deadlines in. Before 2.1, which
    /// has no `delivery.timeout.ms`, `request.timeout.ms` rules and nothing is counted.
    pub(crate) fn expired_batches(&mut self, now_ms: i64, next: &mut NextExpiry) -> Vec<BatchIx> {
        let mut expired = Vec::new();
        let mut at = 0;
        while let Some(&tp) = self.queues.filled().get(at) {
            while let Some(head) = self.queues.head(tp) {
                if !self.is_expired(head, now_ms) {
                    if let Some(timeout) = self.config.delivery_timeout_ms {
                        next.see(&self.batches[head], timeout);
                    }
                    break;
                }
                self.queues.pop(tp);
                self.batches[head].close_for_appends();
                expired.push(head);
            }
            // A queue that is empty now has left the list, and the next one stands in its place.
            if self.queues.filled().get(at) == Some(&tp) {
                at += 1;
            }
        }
        expired
    }

    fn is_expired(&self, head: BatchIx, now_ms: i64) -> bool {
        let batch = &self.batches[head];
        match self.config.delivery_timeout_ms {
            Some(timeout) => batch.has_reached_delivery_timeout(timeout, now_ms),
            None => self.is_past_request_timeout(batch, now_ms),
        }
    }

    /// `ProducerBatch.maybeExpire` of the clients before 2.1: a full batch `request.timeout.ms` after its last append,
    /// another one that long after its linger, a retried one that long after its back-off; not while the partition has
    /// a batch in flight that mutes it.
    fn is_past_request_timeout(&self, batch: &ProducerBatch, now_ms: i64) -> bool {
        let queue = self.queues.get(batch.tp);
        if queue.is_some_and(|queue| queue.muted) {
            return false;
        }
        let timeout = self.config.request_timeout_ms;
        if batch.in_retry {
            return timeout < batch.waited_ms(now_ms) - self.config.retry_backoff_ms;
        }
        let full = batch.is_full() || queue.is_some_and(|queue| queue.batches.len() > 1);
        (full && timeout < batch.since_last_append_ms(now_ms))
            || timeout < now_ms - batch.created_ms - self.config.linger_ms
    }
}
