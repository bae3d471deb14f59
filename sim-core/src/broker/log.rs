//! A replica's log.

use crate::record::StoredBatch;

/// The log of one replica.
#[derive(Clone, Debug, Default)]
pub struct Log {
    batches: Vec<StoredBatch>,
}

impl Log {
    /// Offset of the first record.
    pub fn start_offset(&self) -> i64 {
        0
    }

    /// Offset of the next record (LEO).
    pub fn end_offset(&self) -> i64 {
        0
    }

    /// The batches, oldest first.
    pub fn batches(&self) -> impl Iterator<Item = &StoredBatch> {
        self.batches.iter()
    }
}
