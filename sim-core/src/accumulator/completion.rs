//! Batches that have their result: the memory that comes back, and the flushes that wait for them (`producer.md 1.3`).

use super::RecordAccumulator;
use super::batch::{FinalState, ProducerBatch};
use super::batches::BatchIx;
use crate::trace::Seq;

/// A call of `flush()` that has not returned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flush {
    id: u32,
    /// It waits for batches that were created up to here.
    up_to: u64,
    /// How many of them are not complete.
    waits_for: u32,
}

impl RecordAccumulator {
    /// A flush begins: until it returns every batch is sendable. Its number.
    pub(crate) fn begin_flush(&mut self, cause: Seq) -> u32 {
        self.causes.flush = cause;
        let id = self.next_flush;
        self.next_flush += 1;
        self.flushes.push(Flush { id, up_to: self.next_entered, waits_for: self.incomplete });
        id
    }

    /// Whether a flush has nothing left to wait for; it is over then.
    pub(crate) fn end_flush_if_done(&mut self, id: u32) -> bool {
        match self.flushes.iter().position(|flush| flush.id == id) {
            Some(at) if self.flushes[at].waits_for > 0 => false,
            Some(at) => {
                self.flushes.remove(at);
                true
            }
            None => true,
        }
    }

    pub(super) fn is_flush_in_progress(&self) -> bool {
        !self.flushes.is_empty()
    }

    /// From 4.1 on (4.1.1, to be exact) a flush waits for the pieces of a split batch in its stead (KAFKA-19479).
    pub(super) fn flush_waits_for_pieces(&mut self, big: BatchIx, pieces: &[BatchIx]) {
        if !self.config.release.at_least(4, 1) {
            return;
        }
        let born = self.batches[big].born;
        for flush in self.flushes.iter_mut().filter(|flush| flush.up_to >= born) {
            flush.waits_for += pieces.len() as u32;
        }
        for &piece in pieces {
            self.batches[piece].born = born;
        }
    }

    /// The batch gets its result now; the flushes go on without it. False if it has one already.
    pub(crate) fn finish(&mut self, ix: BatchIx, state: FinalState) -> bool {
        let batch = &mut self.batches[ix];
        if batch.is_done() {
            return false;
        }
        batch.final_state = Some(state);
        true
    }

    /// After the callbacks: the batch is complete (`incomplete.remove`).
    pub(crate) fn leave_incomplete(&mut self, ix: BatchIx) {
        let batch = &mut self.batches[ix];
        if !std::mem::take(&mut batch.incomplete) {
            return;
        }
        let born = batch.born;
        self.incomplete -= 1;
        for flush in self.flushes.iter_mut().filter(|flush| flush.up_to >= born) {
            flush.waits_for -= 1;
        }
    }

    /// The batch's memory comes back, if it holds any.
    pub(crate) fn deallocate(&mut self, ix: BatchIx, cause: Seq) {
        let batch = &mut self.batches[ix];
        if std::mem::take(&mut batch.holds_memory) && batch.pooled {
            self.pool.release(batch.capacity);
            self.memory_version += 1;
            self.causes.freed = cause;
        }
    }

    /// Lets go of the batch if nothing needs it any more.
    pub(crate) fn forget_if_over(&mut self, ix: BatchIx) {
        self.batches.forget_if_over(ix);
    }

    /// Every batch without a result, in the order of creation: what a forced close or a fatal error ends.
    pub(crate) fn incomplete(&self) -> Vec<BatchIx> {
        self.batches.incomplete()
    }

    /// The batch leaves its queue and takes no more records: its turn has come to be given up (`abortBatches`). Until then a
    /// callback of one given up before it may still append to it.
    pub(crate) fn withdraw(&mut self, ix: BatchIx) {
        let tp = self.batches[ix].tp;
        self.batches[ix].close_for_appends();
        self.queues.remove(tp, ix);
    }

    /// A batch.
    #[inline]
    pub(crate) fn batch(&self, ix: BatchIx) -> &ProducerBatch {
        &self.batches[ix]
    }
}
