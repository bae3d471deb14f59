//! Batches that go back into their queue: to be sent again, or in pieces (`producer.md 4.7`, `4.8`).

use super::RecordAccumulator;
use super::batch::ProducerState;
use super::batches::BatchIx;
use super::drain::Sequencing;
use super::sizes::upper_bound;
use crate::protocol::ErrorCode;
use crate::record::{TopicPartition, add_sequence};
use crate::time::Span;
use crate::trace::{Cx, Event, Observer, Seq, SplitPart};

impl RecordAccumulator {
    /// Puts a batch back after a failure: at the head of its queue, or, with sequences, where its sequence belongs.
    pub(crate) fn reenqueue<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ix: BatchIx,
        error: ErrorCode,
        now_ms: i64,
        cause: Seq,
    ) {
        self.batches[ix].put_back(now_ms);
        let tp = self.batches[ix].tp;
        let behind = self.place_in_queue(tp, ix);
        self.queues.insert(tp, behind, ix);
        let batch = &self.batches[ix];
        let backoff = self.retry_backoff.mean_ms(batch.attempts - 1);
        let retried = cx.emit(cause, || Event::Retry {
            producer: batch.id.producer,
            batch: batch.id,
            topic: tp.topic,
            partition: tp.partition,
            error,
            attempt: batch.attempts,
            backoff: Span::from_millis(backoff).nanos(),
            behind: behind as u32,
        });
        self.batches[ix].marks.retried = retried;
    }

    /// Behind how many others of its queue a batch goes: behind those with a lower sequence (`insertInSequenceOrder`).
    fn place_in_queue(&self, tp: TopicPartition, ix: BatchIx) -> usize {
        let Some(sequence) = self.batches[ix].base_sequence() else { return 0 };
        let is_earlier = |&&queued: &&BatchIx| {
            self.batches[queued].base_sequence().is_some_and(|earlier| earlier < sequence)
        };
        self.queues.get(tp).map_or(0, |queue| queue.batches.iter().take_while(is_earlier).count())
    }

    /// Packs the records of a batch that is too large for the broker into smaller ones, which take its place at the
    /// front of the queue (`splitAndReenqueue`).
    pub(crate) fn split<O: Observer, S: Sequencing>(
        &mut self,
        cx: &mut Cx<'_, O>,
        big: BatchIx,
        sequencing: &mut Option<S>,
        cause: Seq,
    ) {
        let ratio = self.batches[big].compression_ratio();
        let tp = self.batches[big].tp;
        self.ratios.reset_after_split(tp.topic, ratio);
        let pieces = self.pieces(big);
        let split = cx.emit(cause, || Event::BatchSplit {
            producer: self.producer,
            batch: self.batches[big].id,
            topic: tp.topic,
            partition: tp.partition,
            into: pieces
                .iter()
                .map(|&piece| SplitPart {
                    batch: self.batches[piece].id,
                    records: self.batches[piece].count(),
                })
                .collect(),
        });
        self.flush_waits_for_pieces(big, &pieces);
        // Kafka puts them in from the last to the first, which is also the order in which a forced close ends them.
        for &piece in pieces.iter().rev() {
            self.next_entered += 1;
            let entered = self.next_entered;
            let batch = &mut self.batches[piece];
            batch.entered = entered;
            (batch.marks.created, batch.marks.appended) = (split, split);
            if let (Some(sequencing), Some(state)) = (sequencing.as_mut(), batch.state) {
                sequencing.track(tp, piece, state);
                batch.tracked = true;
            }
            let behind = self.place_in_queue(tp, piece);
            self.queues.insert(tp, behind, piece);
        }
    }

    fn pieces(&mut self, big: BatchIx) -> Vec<BatchIx> {
        let target = self.split_size(big);
        let (tp, created_ms, state) =
            (self.batches[big].tp, self.batches[big].created_ms, self.batches[big].state);
        let records: Vec<_> = self.batches[big].unpacked().collect();
        let mut pieces: Vec<BatchIx> = Vec::new();
        for record in &records {
            let fits = pieces
                .last()
                .is_some_and(|&last| self.batches[last].try_append(record, created_ms).is_some());
            if !fits {
                let capacity = target.max(upper_bound(record.body_rest));
                let piece = self.new_batch(tp, capacity, created_ms);
                let batch = &mut self.batches[piece];
                (batch.pooled, batch.is_split, batch.holds_memory) = (false, true, false);
                batch.try_append(record, created_ms);
                pieces.push(piece);
            }
        }
        let mut sequence = state.map(|state| state.base_sequence);
        for &piece in &pieces {
            let batch = &mut self.batches[piece];
            batch.close_for_appends();
            if let (Some(state), Some(base_sequence)) = (state, sequence) {
                batch.state = Some(ProducerState { base_sequence, ..state });
                sequence = Some(add_sequence(base_sequence, batch.count()));
            }
        }
        pieces
    }

    /// The size that pieces are packed to: `batch.size`; from 4.2 on the pieces of a piece shrink.
    fn split_size(&self, big: BatchIx) -> u32 {
        let batch = &self.batches[big];
        if batch.is_split && self.config.release.at_least(4, 2) {
            batch.largest_bound().max(batch.estimate() / 2)
        } else {
            self.config.batch_size
        }
    }
}
