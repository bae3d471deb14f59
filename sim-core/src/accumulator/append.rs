//! `append`: a record finds its partition, its batch and the memory for it (`producer.md 3.2`).

use super::RecordAccumulator;
use super::batch::{Blank, NewRecord};
use super::batches::BatchIx;
use super::buffer_pool::WaiterId;
use super::cluster::TopicCluster;
use super::sizes::upper_bound;
use crate::partitioner::BuiltInPartitioner;
use crate::protocol::Exception;
use crate::record::{BatchId, TopicIx, TopicPartition};
use crate::trace::{Cx, Observer};

/// Where a record is to go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination<'a> {
    /// The topic.
    pub(crate) topic: TopicIx,
    /// What the client knows of it.
    pub(crate) cluster: &'a TopicCluster,
    /// The partition; none: the built-in partitioner chooses it here.
    pub(crate) partition: Option<u32>,
    /// Whether a record that needs a new batch is handed back instead (`abortOnNewBatch`).
    pub(crate) abort_on_new_batch: bool,
    /// After a wait for memory: how often the sticky partition had been left when the wait began.
    pub(crate) waited_at: Option<u64>,
}

/// How an append ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Append {
    /// It is in a batch.
    Done {
        /// The batch.
        batch: BatchIx,
        /// Whether the sender has something to look at: a new batch, a full one, or more than one.
        wakes: bool,
    },
    /// It would need a new batch.
    NeedsNewBatch,
    /// There is no memory for a new batch; `append` is called again once the waiter has it.
    Waits {
        /// Its place among those who wait.
        waiter: WaiterId,
        /// How much it waits for.
        size: u32,
        /// For [`Destination::waited_at`].
        waited_at: u64,
    },
    /// It cannot be appended; thrown.
    Failed(Exception),
}

impl RecordAccumulator {
    /// Appends the record. `buffer` is the size of the memory that the caller holds from an earlier wait; what is left
    /// of it on return goes back to the pool by [`RecordAccumulator::give_back`]. The partition that was looked at last
    /// is left in `partition`.
    pub(crate) fn append<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        to: Destination<'_>,
        record: &NewRecord,
        buffer: &mut Option<u32>,
        partition: &mut Option<u32>,
    ) -> Append {
        let keyless = to.partition.is_none();
        // Whoever comes back from a wait looks only whether the partition was left meanwhile, or may be left now; a tail that
        // refuses the record then does not count as full.
        let mut waited = to.waited_at.is_some();
        if keyless && to.waited_at.is_some_and(|before| before != self.times_left(to.topic)) {
            waited = false;
        }
        loop {
            let chosen = to.partition.unwrap_or_else(|| self.peek(cx, to));
            *partition = Some(chosen);
            let tp = TopicPartition { topic: to.topic, partition: chosen };
            self.queues.entry(tp);
            if keyless && self.leaves(cx, to, tp, 0, false) {
                waited = false;
                continue;
            }
            if self.closed {
                return Append::Failed(Exception::KafkaException);
            }
            let now_ms = cx.now.millis();
            if let Some((batch, grown)) = self.try_append(tp, record, now_ms) {
                if keyless {
                    self.leaves(cx, to, tp, grown, true);
                }
                return Append::Done { batch, wakes: self.has_something_full(tp) };
            }
            if to.abort_on_new_batch {
                return Append::NeedsNewBatch;
            }
            if buffer.is_none() {
                let size = self.config.batch_size.max(upper_bound(record.body_rest));
                if i64::from(size) > self.config.buffer_memory {
                    return Append::Failed(Exception::IllegalArgumentException);
                }
                match self.pool.allocate(size) {
                    Ok(()) => {
                        *buffer = Some(size);
                        // What one that waits longer is left with is for it to take.
                        self.memory_version += u64::from(self.pool.has_waiters());
                    }
                    Err(waiter) => {
                        return Append::Waits { waiter, size, waited_at: self.times_left(to.topic) };
                    }
                }
            }
            if keyless && !waited && self.leaves(cx, to, tp, 0, false) {
                continue;
            }
            let Some(size) = buffer.take() else { continue };
            let batch = self.open_batch(tp, size, now_ms);
            let grown = self.batches[batch].try_append(record, now_ms).unwrap_or(0);
            if keyless {
                // A new batch counts with its header.
                self.leaves(cx, to, tp, grown + super::sizes::BATCH_HEADER, true);
            }
            return Append::Done { batch, wakes: true };
        }
    }

    /// Memory that an append did not need goes back.
    pub(crate) fn give_back(&mut self, buffer: Option<u32>) {
        if let Some(size) = buffer {
            self.pool.release(size);
            self.memory_version += 1;
        }
    }

    /// How often the topic's sticky partition was left so far.
    fn times_left(&mut self, topic: TopicIx) -> u64 {
        self.queues.topic_mut(topic).sticky.as_ref().map_or(0, BuiltInPartitioner::times_left)
    }

    fn peek<O: Observer>(&mut self, cx: &mut Cx<'_, O>, to: Destination<'_>) -> u32 {
        let sticky = self.queues.topic_mut(to.topic).sticky(&mut self.load);
        sticky.map_or(0, |sticky| sticky.peek(cx.chance, &to.cluster.available, to.cluster.count()))
    }

    /// Tells the built-in partitioner of the bytes and lets it leave the partition (`producer.md 2.2`). Before an append
    /// it is asked only where the queue's tail takes no more.
    #[inline]
    fn leaves<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        to: Destination<'_>,
        tp: TopicPartition,
        grown: u32,
        appended: bool,
    ) -> bool {
        let tail_full = self.queues.tail(tp).is_none_or(|tail| self.batches[tail].is_full());
        if !appended && !tail_full {
            return false;
        }
        let sticky = self.queues.topic_mut(to.topic).sticky(&mut self.load);
        sticky.is_some_and(|sticky| {
            sticky.update(grown, tail_full, cx.chance, &to.cluster.available, to.cluster.count())
        })
    }

    /// Appends to the tail, or closes it: what refuses a record takes none any more.
    #[inline]
    fn try_append(&mut self, tp: TopicPartition, record: &NewRecord, now_ms: i64) -> Option<(BatchIx, u32)> {
        let tail = self.queues.tail(tp)?;
        let batch = &mut self.batches[tail];
        let grown = batch.try_append(record, now_ms);
        if grown.is_none() {
            batch.close_for_appends();
        }
        if batch.is_full() {
            self.queues.look_again(tp);
        }
        Some((tail, grown?))
    }

    #[inline]
    fn has_something_full(&self, tp: TopicPartition) -> bool {
        self.queues.get(tp).is_some_and(|queue| {
            queue.batches.len() > 1 || queue.batches.back().is_some_and(|&tail| self.batches[tail].is_full())
        })
    }

    fn open_batch(&mut self, tp: TopicPartition, capacity: u32, now_ms: i64) -> BatchIx {
        let batch = self.new_batch(tp, capacity, now_ms);
        self.queues.push(tp, batch);
        batch
    }

    /// A new batch that stands in no queue yet.
    pub(super) fn new_batch(&mut self, tp: TopicPartition, capacity: u32, created_ms: i64) -> BatchIx {
        let id = BatchId { producer: self.producer, number: self.next_batch };
        self.next_batch += 1;
        self.next_entered += 1;
        self.incomplete += 1;
        self.batches.add(Blank {
            id,
            tp,
            created_ms,
            capacity,
            codec: self.config.compression,
            ratio: self.ratios.ratio(tp.topic),
            order: self.next_entered,
        })
    }
}
