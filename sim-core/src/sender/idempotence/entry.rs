//! What the idempotent producer keeps of one partition (`TxnPartitionEntry`, `producer.md 5.2`).

use crate::accumulator::{BatchIx, Batches, ProducerState};
use crate::record::{NO_OFFSET, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, add_sequence};

/// Kafka's "nothing acknowledged yet".
pub(super) const NO_LAST_ACKED: i32 = -1;

/// A producer id with its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProducerIdAndEpoch {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
}

impl ProducerIdAndEpoch {
    /// None yet, or none any more.
    pub(super) const NONE: ProducerIdAndEpoch =
        ProducerIdAndEpoch { id: NO_PRODUCER_ID, epoch: NO_PRODUCER_EPOCH };

    /// Whether there is one.
    pub(crate) fn is_valid(self) -> bool {
        self.id > NO_PRODUCER_ID
    }
}

/// A batch that is tracked: from its drain until it succeeds or finally fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Tracked {
    id: i64,
    epoch: i16,
    base_sequence: i32,
    batch: BatchIx,
}

/// Sequences of one partition.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The id and epoch in use for the partition.
    pub(super) producer: ProducerIdAndEpoch,
    pub(super) next_sequence: i32,
    pub(super) last_acked_sequence: i32,
    pub(super) last_acked_offset: i64,
    /// Ascending by id, epoch and sequence.
    tracked: Vec<Tracked>,
}

impl Default for Entry {
    fn default() -> Entry {
        Entry {
            producer: ProducerIdAndEpoch::NONE,
            next_sequence: 0,
            last_acked_sequence: NO_LAST_ACKED,
            last_acked_offset: NO_OFFSET,
            tracked: Vec::new(),
        }
    }
}

impl Entry {
    pub(super) fn is_tracking(&self) -> bool {
        !self.tracked.is_empty()
    }

    /// The lowest sequence among the tracked batches.
    pub(super) fn first_sequence(&self) -> Option<i32> {
        self.tracked.first().map(|tracked| tracked.base_sequence)
    }

    /// The id and epoch of the first tracked batch.
    pub(super) fn first_producer(&self) -> Option<ProducerIdAndEpoch> {
        self.tracked.first().map(|tracked| ProducerIdAndEpoch { id: tracked.id, epoch: tracked.epoch })
    }

    pub(super) fn track(&mut self, batch: BatchIx, state: ProducerState) {
        let tracked = Tracked { id: state.id, epoch: state.epoch, base_sequence: state.base_sequence, batch };
        if let Err(place) = self.tracked.binary_search(&tracked) {
            self.tracked.insert(place, tracked);
        }
    }

    pub(super) fn untrack(&mut self, batch: BatchIx) {
        self.tracked.retain(|tracked| tracked.batch != batch);
    }

    /// The next batch gets the next sequence.
    pub(super) fn advance(&mut self, records: u32) -> i32 {
        let base = self.next_sequence;
        self.next_sequence = add_sequence(base, records);
        base
    }

    /// Every tracked batch is numbered anew from 0 under this id and epoch (`startSequencesAtBeginning`).
    pub(super) fn start_over(&mut self, producer: ProducerIdAndEpoch, batches: &mut Batches) {
        let mut sequence = 0;
        for tracked in &mut self.tracked {
            let batch = &mut batches[tracked.batch];
            batch.rewrite(ProducerState { id: producer.id, epoch: producer.epoch, base_sequence: sequence });
            *tracked = Tracked {
                id: producer.id,
                epoch: producer.epoch,
                base_sequence: sequence,
                batch: tracked.batch,
            };
            sequence += batch.count() as i32;
        }
        self.producer = producer;
        self.next_sequence = sequence;
        self.last_acked_sequence = NO_LAST_ACKED;
    }

    /// Nothing is tracked, and the sequences start at 0 under this id and epoch.
    pub(super) fn start_empty(&mut self, producer: ProducerIdAndEpoch) {
        self.producer = producer;
        self.next_sequence = 0;
        self.last_acked_sequence = NO_LAST_ACKED;
    }

    /// A batch failed for good: the sequences behind it move up by its records (before 2.5). False if one would become
    /// negative.
    pub(super) fn close_gap(&mut self, base_sequence: i32, records: u32, batches: &mut Batches) {
        self.next_sequence -= records as i32;
        for tracked in self.tracked.iter_mut().filter(|tracked| tracked.base_sequence >= base_sequence) {
            tracked.base_sequence -= records as i32;
            let state =
                ProducerState { id: tracked.id, epoch: tracked.epoch, base_sequence: tracked.base_sequence };
            batches[tracked.batch].rewrite(state);
        }
    }
}
