//! The client's batches by handle: queues, requests in flight and the idempotent producer all name the same ones.

use super::batch::{Blank, ProducerBatch};

/// A batch's place. It stays the batch's until the batch is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BatchIx(pub(super) u32);

/// All batches that something still needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batches {
    places: Vec<ProducerBatch>,
    free: Vec<BatchIx>,
}

impl Batches {
    /// A new batch, in the room of a forgotten one if there is any.
    pub(super) fn add(&mut self, blank: Blank) -> BatchIx {
        match self.free.pop() {
            Some(ix) => {
                self.places[ix.0 as usize].renew(blank);
                ix
            }
            None => {
                self.places.push(ProducerBatch::new(blank));
                BatchIx(self.places.len() as u32 - 1)
            }
        }
    }

    /// Gives a batch's place free if nothing needs it any more.
    pub(super) fn forget_if_over(&mut self, ix: BatchIx) {
        let batch = &mut self.places[ix.0 as usize];
        if !batch.is_needed() && !batch.forgotten {
            batch.forgotten = true;
            self.free.push(ix);
        }
    }

    /// The batches that are not complete, in the order in which they entered.
    pub(super) fn incomplete(&self) -> Vec<BatchIx> {
        let mut incomplete: Vec<(u64, BatchIx)> = (0..)
            .map(BatchIx)
            .zip(&self.places)
            .filter(|(_, batch)| batch.incomplete)
            .map(|(ix, batch)| (batch.entered, ix))
            .collect();
        incomplete.sort_unstable();
        incomplete.into_iter().map(|(_, ix)| ix).collect()
    }
}

impl std::ops::Index<BatchIx> for Batches {
    type Output = ProducerBatch;

    #[inline]
    fn index(&self, ix: BatchIx) -> &ProducerBatch {
        &self.places[ix.0 as usize]
    }
}

impl std::ops::IndexMut<BatchIx> for Batches {
    #[inline]
    fn index_mut(&mut self, ix: BatchIx) -> &mut ProducerBatch {
        &mut self.places[ix.0 as usize]
    }
}
