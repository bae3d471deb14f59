//! Batches that wait in a queue for too long (`producer.md 4.9`).

use super::RecordAccumulator;
use super::batch::ProducerBatch;
use super::batches::BatchIx;
use crate::record::TopicPartition;
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

/// The queued batch whose deadline is the earliest.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstDue {
    next: NextExpiry,
    /// Its partition; none: nothing was queued.
    tp: Option<TopicPartition>,
}

impl FirstDue {
    /// Counts the head of a queue in; of equal ones the first partition's goes first.
    fn see(&mut self, head: &ProducerBatch, delivery_timeout_ms: Option<i64>) {
        let Some(timeout) = delivery_timeout_ms else { return };
        let mut next = NextExpiry::none();
        next.see(head, timeout);
        if self.tp.is_none_or(|tp| (next.at_ms, head.tp) < (self.next.at_ms, tp)) {
            *self = FirstDue { next, tp: Some(head.tp) };
        }
    }
}

impl RecordAccumulator {
    /// Takes the batches out of their queues whose time is over, and counts the others' deadlines in. Before 2.1, which
    /// has no `delivery.timeout.ms`, `request.timeout.ms` rules and nothing is counted.
    ///
    /// Kafka's client looks at every queue. Here only at those that have changed, as long as the earliest deadline lies
    /// ahead and the batch that set it is still where it was.
    pub(crate) fn expired_batches(&mut self, now_ms: i64, next: &mut NextExpiry) -> Vec<BatchIx> {
        let known = self.first_due.filter(|due| {
            let stays = due.tp.is_none_or(|tp| !self.queues.is_to_time(tp));
            self.config.delivery_timeout_ms.is_some() && now_ms < due.next.at_ms && stays
        });
        let mut looked = std::mem::take(&mut self.spare);
        self.queues.list_to_time(known.is_none(), &mut looked);
        let mut expired = Vec::new();
        let mut first = known.unwrap_or(FirstDue { next: NextExpiry::none(), tp: None });
        for &tp in &looked {
            while let Some(head) = self.queues.head(tp) {
                if !self.is_expired(head, now_ms) {
                    first.see(&self.batches[head], self.config.delivery_timeout_ms);
                    break;
                }
                self.queues.pop(tp);
                self.batches[head].close_for_appends();
                expired.push(head);
            }
        }
        self.spare = looked;
        self.first_due = Some(first);
        debug_assert_eq!(first.next.at_ms, self.earliest_deadline_ms(), "a deadline was passed over");
        if first.next.at_ms < next.at_ms {
            *next = first.next;
        }
        expired
    }

    /// The earliest deadline of all that is queued, by looking at everything; what the shorter way is held against.
    fn earliest_deadline_ms(&self) -> i64 {
        let Some(timeout) = self.config.delivery_timeout_ms else { return i64::MAX };
        let mut next = NextExpiry::none();
        self.queues.heads().for_each(|head| next.see(&self.batches[head], timeout));
        next.at_ms
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
