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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::NO_PRODUCER_EPOCH;

    fn batch(producer_id: i64, producer_epoch: i16, base_sequence: i32, records: u32) -> RecordBatch {
        RecordBatch {
            producer_id,
            producer_epoch,
            base_sequence,
            records: (0..records).collect(),
            ..RecordBatch::default()
        }
    }

    fn log() -> Log {
        Log::new(UnknownProducer::Zero)
    }

    const OUT_OF_ORDER: Result<i64, ErrorCode> = Err(ErrorCode::OutOfOrderSequenceNumber);

    #[test]
    fn without_a_producer_id_everything_is_appended() {
        let mut log = log();
        let plain = batch(NO_PRODUCER_ID, NO_PRODUCER_EPOCH, -1, 3);
        assert_eq!((log.append(&plain), log.append(&plain)), (Ok(0), Ok(3)));
    }

    #[test]
    fn one_of_the_last_five_batches_is_recognised_and_not_appended_again() {
        let mut log = log();
        for first in 0..6 {
            assert_eq!(log.append(&batch(1000, 0, first * 2, 2)), Ok(i64::from(first) * 2));
        }
        assert_eq!(log.append(&batch(1000, 0, 2, 2)), Ok(2));
        assert_eq!(log.append(&batch(1000, 0, 0, 2)), OUT_OF_ORDER, "five batches ago");
        assert_eq!(log.append(&batch(1000, 0, 10, 1)), OUT_OF_ORDER, "another last sequence");
        assert_eq!(log.append(&batch(1000, 0, 12, 1)), Ok(12));
    }

    #[test]
    fn the_next_sequence_must_follow() {
        let mut log = log();
        assert_eq!(log.append(&batch(1000, 0, 0, 2)), Ok(0));
        assert_eq!(log.append(&batch(1000, 0, 3, 1)), OUT_OF_ORDER);
        assert_eq!(log.append(&batch(1000, 0, 2, 1)), Ok(2));
    }

    #[test]
    fn zero_follows_the_largest_sequence() {
        let mut log = Log::new(UnknownProducer::Any);
        assert_eq!(log.append(&batch(1000, 0, i32::MAX, 1)), Ok(0));
        assert_eq!(log.append(&batch(1000, 0, 0, 1)), Ok(1));
    }

    #[test]
    fn a_new_epoch_starts_at_zero_and_forgets_the_old_one() {
        let mut log = log();
        assert_eq!(log.append(&batch(1000, 0, 0, 2)), Ok(0));
        assert_eq!(log.append(&batch(1000, 1, 2, 1)), OUT_OF_ORDER);
        assert_eq!(log.append(&batch(1000, 1, 0, 1)), Ok(2));
        assert_eq!(log.append(&batch(1000, 0, 2, 1)), Err(ErrorCode::InvalidProducerEpoch));
        assert_eq!(log.append(&batch(1000, 0, 0, 2)), Err(ErrorCode::InvalidProducerEpoch), "forgotten");
    }

    #[test]
    fn an_unknown_producer_starts_at_zero_unless_the_script_says_any() {
        assert_eq!(log().append(&batch(1000, 0, 4, 1)), OUT_OF_ORDER);
        let mut any = Log::new(UnknownProducer::Any);
        assert_eq!(any.append(&batch(1000, 0, 4, 1)), Ok(0));
        assert_eq!(any.append(&batch(1000, 0, 6, 1)), OUT_OF_ORDER, "known by now");
    }
}
