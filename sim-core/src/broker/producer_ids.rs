//! Where the ids of idempotent producers come from.

use crate::protocol::{ErrorCode, InitProducerIdResponse};
use crate::record::BrokerId;

/// Producer ids from blocks of 1000 (`broker.md I3`). Broker b of n has the blocks b + 1, b + 1 + n, b + 1 + 2n ...: those
/// that a controller would have given away one by one are settled beforehand, so that no question is needed. The ids of
/// warm producers come from block 0.
#[derive(Clone, Debug)]
pub(super) struct ProducerIds {
    brokers: i64,
    block: i64,
    used: i64,
}

/// Ids in a block.
const BLOCK: i64 = 1000;

impl ProducerIds {
    pub(super) fn new(id: BrokerId, brokers: u32) -> ProducerIds {
        ProducerIds { brokers: i64::from(brokers), block: i64::from(id.0) + 1, used: 0 }
    }

    /// What is left of the block is lost with the process.
    pub(super) fn next_block(&mut self) {
        self.block += self.brokers;
        self.used = 0;
    }

    /// The next id, epoch 0; or the error that a fault wants.
    pub(super) fn init_producer_id(&mut self, forced: Option<ErrorCode>) -> InitProducerIdResponse {
        if let Some(error) = forced {
            return InitProducerIdResponse { error, producer_id: -1, producer_epoch: -1 };
        }
        if self.used == BLOCK {
            self.next_block();
        }
        let producer_id = self.block * BLOCK + self.used;
        self.used += 1;
        InitProducerIdResponse { error: ErrorCode::None, producer_id, producer_epoch: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(broker: u32, count: usize) -> Vec<i64> {
        let mut ids = ProducerIds::new(BrokerId(broker), 3);
        (0..count).map(|_| ids.init_producer_id(None).producer_id).collect()
    }

    /// `broker.md I3`: blocks of 1000, every id once in the cluster, epoch 0.
    #[test]
    fn brokers_hand_out_ids_from_blocks_of_their_own() {
        assert_eq!(ids(0, 2), [1000, 1001]);
        assert_eq!(ids(2, 1), [3000]);
        assert_eq!(ids(0, 1001)[999..], [1999, 4000]);
        let answer = ProducerIds::new(BrokerId(0), 3).init_producer_id(None);
        assert_eq!((answer.error, answer.producer_epoch), (ErrorCode::None, 0));
    }

    #[test]
    fn a_new_process_begins_a_new_block() {
        let mut ids = ProducerIds::new(BrokerId(1), 3);
        ids.init_producer_id(None);
        ids.next_block();
        assert_eq!(ids.init_producer_id(None).producer_id, 5000);
    }
}
