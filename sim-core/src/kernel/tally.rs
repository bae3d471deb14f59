//! What a run counts beside its ledger.

use crate::protocol::ProduceRequest;

/// What a run counts beside its ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events taken from the queue.
    pub steps: u64,
    /// Produce requests written.
    pub produce_requests: u64,
    /// Batches written again.
    pub retries: u64,
    /// One bit a batch, by producer: whether it has been written.
    written: Vec<Vec<u64>>,
}

impl Tally {
    /// A tally of so many producers.
    pub(super) fn new(producers: usize) -> Tally {
        Tally { written: vec![Vec::new(); producers], ..Tally::default() }
    }

    /// A produce request is written.
    pub(super) fn produce(&mut self, request: &ProduceRequest) {
        self.produce_requests += 1;
        for batch in request.batches.iter() {
            let written = &mut self.written[usize::from(batch.batch.producer.0)];
            let (word, bit) = (batch.batch.number as usize / 64, 1u64 << (batch.batch.number % 64));
            if written.len() <= word {
                written.resize(word + 1, 0);
            }
            self.retries += u64::from(written[word] & bit != 0);
            written[word] |= bit;
        }
    }
}
