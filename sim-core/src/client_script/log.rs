//! One partition's log in the stand-in: it counts offsets and checks sequences, and keeps no records.

use std::collections::{BTreeMap, VecDeque};

use super::script::UnknownProducer;
use crate::protocol::ErrorCode;
use crate::record::{NO_PRODUCER_ID, RecordBatch, add_sequence};

/// As many batches of a producer a broker recognises when they come again.
const REMEMBERED_BATCHES: usize = 5;

#[derive(Clone, Debug)]
pub(super) struct Log {
    unknown_producer: UnknownProducer,
    producers: BTreeMap<i64, VecDeque<Appended>>,
    end_offset: i64,
}

#[derive(Clone, Copy, Debug)]
struct Appended {
    epoch: i16,
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
}

impl Log {
    pub(super) fn new(unknown_producer: UnknownProducer) -> Log {
        Log { unknown_producer, producers: BTreeMap::new(), end_offset: 0 }
    }

    /// The batch's first offset, or why it was refused.
    pub(super) fn append(&mut self, batch: &RecordBatch) -> Result<i64, ErrorCode> {
        let base_offset = self.end_offset;
        if batch.producer_id != NO_PRODUCER_ID {
            let remembered = self.producers.entry(batch.producer_id).or_default();
            if let Some(copy) = remembered.iter().find(|appended| appended.is(batch)) {
                return Ok(copy.base_offset);
            }
            check(remembered.back(), batch, self.unknown_producer)?;
            remember(remembered, batch, base_offset);
        }
        self.end_offset += i64::from(batch.records.len());
        Ok(base_offset)
    }
}

impl Appended {
    fn is(&self, batch: &RecordBatch) -> bool {
        self.epoch == batch.producer_epoch
            && self.first_sequence == batch.base_sequence
            && self.last_sequence == batch.last_sequence()
    }
}

fn check(newest: Option<&Appended>, batch: &RecordBatch, unknown: UnknownProducer) -> Result<(), ErrorCode> {
    let expected = match newest {
        None if unknown == UnknownProducer::Any => return Ok(()),
        None => 0,
        Some(newest) if batch.producer_epoch < newest.epoch => return Err(ErrorCode::InvalidProducerEpoch),
        Some(newest) if batch.producer_epoch > newest.epoch => 0,
        Some(newest) => add_sequence(newest.last_sequence, 1),
    };
    if batch.base_sequence == expected { Ok(()) } else { Err(ErrorCode::OutOfOrderSequenceNumber) }
}

fn remember(remembered: &mut VecDeque<Appended>, batch: &RecordBatch, base_offset: i64) {
    if remembered.back().is_some_and(|newest| newest.epoch < batch.producer_epoch) {
        remembered.clear();
    }
    remembered.push_back(Appended {
        epoch: batch.producer_epoch,
        first_sequence: batch.base_sequence,
        last_sequence: batch.last_sequence(),
        base_offset,
    });
    if remembered.len() > REMEMBERED_BATCHES {
        remembered.pop_front();
    }
}
