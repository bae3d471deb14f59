//! `ProducerBatch`: records of one partition that travel together, from the first append to the result.

use std::sync::Arc;

use super::compression::{closed_size, estimated_size, observed_ratio};
use super::sizes::{BATCH_HEADER, record_size, upper_bound};
use crate::record::{
    BatchId, Codec, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, RecordBatch, RecordContent, RecordRuns,
    TopicPartition,
};
use crate::trace::Seq;

/// A record on its way into a batch, serialized.
#[derive(Clone, Debug)]
pub(crate) struct NewRecord {
    /// Its number.
    pub(crate) index: u32,
    /// Its timestamp, in ms.
    pub(crate) timestamp: i64,
    /// What it takes wherever it stands: key, value and headers, in bytes.
    pub(crate) body_rest: u32,
    /// Whether it has no key.
    pub(crate) null_key: bool,
    /// Key and value, where somebody decodes them.
    pub(crate) content: Option<RecordContent>,
}

/// What a batch keeps of each of its records.
#[derive(Clone, Copy, Debug)]
struct Entry {
    timestamp: i64,
    index: u32,
    body_rest: u32,
    null_key: bool,
}

/// Producer id, epoch and first sequence of a batch (`producer.md 5.2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProducerState {
    /// The producer id.
    pub(crate) id: i64,
    /// The epoch.
    pub(crate) epoch: i16,
    /// The sequence of the first record.
    pub(crate) base_sequence: i32,
}

/// How a batch ended (`ProducerBatch.FinalState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FinalState {
    /// With an answer without error.
    Succeeded,
    /// With an exception.
    Failed,
    /// By a forced close or a fatal error.
    Aborted,
}

/// A batch's way through the trace: what its events are caused by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    /// The append that opened it.
    pub(crate) created: Seq,
    /// The append that came last.
    pub(crate) appended: Seq,
    /// What made it ready to go, once it is.
    pub(crate) ready: Option<Seq>,
    /// Its last drain.
    pub(crate) drained: Seq,
    /// Its last way back into the queue.
    pub(crate) retried: Seq,
}

/// A batch of one partition.
#[derive(Clone, Debug)]
pub(crate) struct ProducerBatch {
    pub(crate) id: BatchId,
    pub(crate) tp: TopicPartition,
    /// When it was created, in ms of the client's clock.
    pub(crate) created_ms: i64,
    /// When it was created or put back last: linger and back-off count from here.
    last_attempt_ms: i64,
    last_append_ms: i64,
    /// How often it was put back into its queue.
    pub(crate) attempts: u32,
    /// How often it was written to a connection.
    pub(crate) writes: u32,
    /// Whether it was ever put back.
    pub(crate) in_retry: bool,
    records: Vec<Entry>,
    contents: Vec<RecordContent>,
    /// Size of its buffer: an append beyond it is refused.
    pub(crate) capacity: u32,
    /// Whether the buffer is the pool's: a piece of a split batch has one of its own.
    pub(crate) pooled: bool,
    /// Whether it came out of a split.
    pub(crate) is_split: bool,
    records_bytes: u32,
    /// Its size, header included: an estimate until it is closed.
    estimate: u32,
    codec: Codec,
    /// The compression estimate at its creation.
    ratio: f32,
    closed: bool,
    largest_bound: u32,
    pub(crate) state: Option<ProducerState>,
    /// Whether its sequences were rewritten since its last drain.
    pub(crate) rewritten: bool,
    sealed: Option<Arc<RecordBatch>>,
    leader_epoch: Option<i32>,
    attempts_when_leader_changed: u32,
    pub(crate) final_state: Option<FinalState>,
    /// Its place in the order of batches that are not complete.
    pub(super) entered: u64,
    /// What a flush goes by: a piece has that of the batch it was split from.
    pub(super) born: u64,
    /// Whether it counts as not complete.
    pub(super) incomplete: bool,
    /// Whether it holds memory of the pool.
    pub(super) holds_memory: bool,
    /// Whether an unanswered request carries it.
    pub(crate) on_wire: bool,
    /// Whether the idempotent producer tracks it.
    pub(crate) tracked: bool,
    /// Whether its place is free.
    pub(super) forgotten: bool,
    pub(crate) marks: Marks,
}

/// What a batch is made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blank {
    pub(super) id: BatchId,
    pub(super) tp: TopicPartition,
    pub(super) created_ms: i64,
    pub(super) capacity: u32,
    pub(super) codec: Codec,
    pub(super) ratio: f32,
    pub(super) order: u64,
}

impl ProducerBatch {
    /// An empty batch.
    pub(super) fn new(blank: Blank) -> ProducerBatch {
        ProducerBatch::with_room(blank, Vec::new(), Vec::new())
    }

    /// A new, empty batch in the place of this one, whose lists keep their room.
    pub(super) fn renew(&mut self, blank: Blank) {
        let (mut records, mut contents) =
            (std::mem::take(&mut self.records), std::mem::take(&mut self.contents));
        records.clear();
        contents.clear();
        *self = ProducerBatch::with_room(blank, records, contents);
    }

    fn with_room(blank: Blank, records: Vec<Entry>, contents: Vec<RecordContent>) -> ProducerBatch {
        ProducerBatch {
            id: blank.id,
            tp: blank.tp,
            created_ms: blank.created_ms,
            last_attempt_ms: blank.created_ms,
            last_append_ms: blank.created_ms,
            attempts: 0,
            writes: 0,
            in_retry: false,
            records,
            contents,
            capacity: blank.capacity,
            pooled: true,
            is_split: false,
            records_bytes: 0,
            estimate: BATCH_HEADER,
            codec: blank.codec,
            ratio: blank.ratio,
            closed: false,
            largest_bound: 0,
            state: None,
            rewritten: false,
            sealed: None,
            leader_epoch: None,
            attempts_when_leader_changed: 0,
            final_state: None,
            entered: blank.order,
            born: blank.order,
            incomplete: true,
            holds_memory: true,
            on_wire: false,
            tracked: false,
            forgotten: false,
            marks: Marks {
                created: Seq::OUTSIDE,
                appended: Seq::OUTSIDE,
                ready: None,
                drained: Seq::OUTSIDE,
                retried: Seq::OUTSIDE,
            },
        }
    }

    /// How many records it has.
    #[inline]
    pub(crate) fn count(&self) -> u32 {
        self.records.len() as u32
    }

    /// Whether it takes no more records (`producer.md 3.4`).
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.closed || (!self.records.is_empty() && self.estimate >= self.capacity)
    }

    /// Its size with the header: an estimate while it is open (`producer.md 3.4`).
    #[inline]
    pub(crate) fn estimate(&self) -> u32 {
        self.estimate
    }

    /// Appends a record if there is room (`producer.md 3.4`): the growth of the estimate, or none.
    #[inline]
    pub(super) fn try_append(&mut self, record: &NewRecord, now_ms: i64) -> Option<u32> {
        if self.is_full() {
            return None;
        }
        let place = self.records.len() as u32;
        let base = self.records.first().map_or(record.timestamp, |first| first.timestamp);
        let size = record_size(record.timestamp - base, place, record.body_rest);
        if place > 0 && self.estimate.saturating_add(size) > self.capacity {
            return None;
        }
        self.records.push(Entry {
            timestamp: record.timestamp,
            index: record.index,
            body_rest: record.body_rest,
            null_key: record.null_key,
        });
        if let Some(content) = &record.content {
            self.contents.push(content.clone());
        }
        self.records_bytes += size;
        self.largest_bound = self.largest_bound.max(upper_bound(record.body_rest));
        self.last_append_ms = now_ms;
        let before = self.estimate;
        self.estimate = estimated_size(self.records_bytes, self.codec, self.ratio);
        Some(self.estimate - before)
    }

    /// Takes no more records from now on.
    #[inline]
    pub(crate) fn close_for_appends(&mut self) {
        self.closed = true;
    }

    /// Closes it for a request; the ratio that compression came to, which counts as an observation at every attempt
    /// (`ProducerBatch.close`). What goes over the wire is the same value for every retry unless sequences were rewritten.
    pub(super) fn seal(&mut self, compression_ratio: f64) -> f32 {
        self.closed = true;
        self.rewritten = false;
        match &mut self.sealed {
            Some(sealed) => {
                self.estimate = sealed.bytes;
                let state = Self::wire_state(self.state);
                if (sealed.producer_id, sealed.producer_epoch, sealed.base_sequence) != state {
                    let rewritten = Arc::make_mut(sealed);
                    (rewritten.producer_id, rewritten.producer_epoch, rewritten.base_sequence) = state;
                }
            }
            None => {
                let bytes = closed_size(self.records_bytes, self.codec, compression_ratio);
                self.estimate = bytes;
                self.sealed = Some(Arc::new(self.record_batch(bytes)));
            }
        }
        observed_ratio(self.estimate, self.records_bytes)
    }

    fn wire_state(state: Option<ProducerState>) -> (i64, i16, i32) {
        state.map_or((NO_PRODUCER_ID, NO_PRODUCER_EPOCH, NO_SEQUENCE), |state| {
            (state.id, state.epoch, state.base_sequence)
        })
    }

    fn record_batch(&mut self, bytes: u32) -> RecordBatch {
        let (producer_id, producer_epoch, base_sequence) = Self::wire_state(self.state);
        RecordBatch {
            batch: self.id,
            tp: self.tp,
            records: self.runs(),
            bytes,
            records_bytes: self.records_bytes,
            codec: self.codec,
            producer_id,
            producer_epoch,
            base_sequence,
            base_timestamp: self.records.first().map_or(0, |first| first.timestamp),
            max_timestamp: self.records.iter().map(|record| record.timestamp).max().unwrap_or(0),
            has_null_key: self.records.iter().any(|record| record.null_key),
            contents: self.contents.clone(),
        }
    }

    /// What goes over the wire, once it has been drained.
    pub(crate) fn sealed(&self) -> Option<&Arc<RecordBatch>> {
        self.sealed.as_ref()
    }

    /// Its records, in order.
    pub(crate) fn runs(&self) -> RecordRuns {
        match &self.sealed {
            Some(sealed) => sealed.records.clone(),
            None => self.records.iter().map(|record| record.index).collect(),
        }
    }

    /// The ratio of its size on the wire to the plain one.
    pub(super) fn compression_ratio(&self) -> f32 {
        observed_ratio(self.sealed.as_ref().map_or(self.estimate, |sealed| sealed.bytes), self.records_bytes)
    }

    /// The largest upper bound of its records (`maxRecordSize`), in bytes.
    pub(super) fn largest_bound(&self) -> u32 {
        self.largest_bound
    }

    /// Its records once more, to be packed anew.
    pub(super) fn unpacked(&self) -> impl Iterator<Item = NewRecord> + '_ {
        self.records.iter().enumerate().map(|(place, record)| NewRecord {
            index: record.index,
            timestamp: record.timestamp,
            body_rest: record.body_rest,
            null_key: record.null_key,
            content: self.contents.get(place).cloned(),
        })
    }

    /// The sequence behind its last record, as a Java int.
    pub(crate) fn next_sequence(&self) -> i32 {
        self.last_sequence().wrapping_add(1)
    }

    /// The sequence of its last record as Java computes it: without the wrap to 0.
    pub(crate) fn last_sequence(&self) -> i32 {
        let base = self.state.map_or(NO_SEQUENCE, |state| state.base_sequence);
        base.wrapping_add(self.count() as i32).wrapping_sub(1)
    }

    /// The sequence of its first record, if it has one.
    pub(crate) fn base_sequence(&self) -> Option<i32> {
        self.state.map(|state| state.base_sequence)
    }

    /// Gives it other sequences although it was drained before (`resetProducerState`): until it is closed once more its size
    /// is an estimate again.
    pub(crate) fn rewrite(&mut self, state: ProducerState) {
        self.state = Some(state);
        self.rewritten = true;
        self.estimate = estimated_size(self.records_bytes, self.codec, self.ratio);
    }

    /// How long it has waited since its creation, or since it was put back, in ms.
    #[inline]
    pub(crate) fn waited_ms(&self, now_ms: i64) -> i64 {
        (now_ms - self.last_attempt_ms).max(0)
    }

    /// How long ago the last record came, in ms.
    pub(super) fn since_last_append_ms(&self, now_ms: i64) -> i64 {
        now_ms - self.last_append_ms
    }

    /// It goes back into its queue after a failure (`reenqueued`).
    pub(super) fn put_back(&mut self, now_ms: i64) {
        self.attempts += 1;
        self.last_attempt_ms = self.last_append_ms.max(now_ms);
        self.last_append_ms = self.last_attempt_ms;
        self.in_retry = true;
        self.marks.ready = None;
    }

    /// The client knows this epoch of its partition's leader now (`maybeUpdateLeaderEpoch`).
    pub(super) fn see_leader_epoch(&mut self, epoch: Option<i32>) {
        if let Some(epoch) = epoch
            && self.leader_epoch.is_none_or(|known| known < epoch)
        {
            self.attempts_when_leader_changed = self.attempts;
            self.leader_epoch = Some(epoch);
        }
    }

    /// Whether a new leader is known since it was put back (`hasLeaderChangedForTheOngoingRetry`, KIP-951).
    pub(super) fn leader_changed_for_this_retry(&self) -> bool {
        self.attempts > 0 && self.attempts == self.attempts_when_leader_changed
    }

    /// Whether its `delivery.timeout.ms` is over (`producer.md 4.9`).
    #[inline]
    pub(crate) fn has_reached_delivery_timeout(&self, delivery_timeout_ms: i64, now_ms: i64) -> bool {
        delivery_timeout_ms <= now_ms - self.created_ms
    }

    /// Whether it has its result.
    pub(crate) fn is_done(&self) -> bool {
        self.final_state.is_some()
    }

    /// Whether something still needs it.
    pub(super) fn is_needed(&self) -> bool {
        self.incomplete || self.holds_memory || self.on_wire || self.tracked
    }
}
