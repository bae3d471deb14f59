//! Which replica a consumer reads from (KIP-392, `broker.md C5`; Kafka's `RackAwareReplicaSelector`).

use super::Broker;
use super::leadership::FollowerProgress;
use crate::protocol::FetchPartition;
use crate::record::BrokerId;
use crate::time::Time;

impl Broker {
    /// The replica that a consumer of this rack had better read from: if this leader is in another one, the member of the ISR
    /// there that has most, of equals the one that was caught up last. It has to have the offset that is asked for.
    pub(super) fn preferred_read_replica(
        &self,
        ix: u32,
        asked: &FetchPartition,
        rack: Option<&str>,
    ) -> Option<BrokerId> {
        let rack = rack.filter(|rack| self.config.rack_aware_reads && !rack.is_empty())?;
        let is_there = |broker: BrokerId| self.racks.get(broker.0 as usize).is_some_and(|at| at == rack);
        let partition = &self.partitions[ix as usize];
        let leadership = partition.leadership()?;
        if is_there(self.id) {
            return None;
        }
        let may_serve = |follower: &&FollowerProgress| {
            is_there(follower.broker)
                && self.image.is_alive(follower.broker)
                && partition.isr().contains(&follower.broker)
                && follower.end_offset >= asked.fetch_offset
                && follower.asked.is_none_or(|known| known.log_start_offset <= asked.fetch_offset)
        };
        let served = leadership.followers.iter().filter(may_serve);
        let best = served.max_by_key(|it| (it.end_offset, self.caught_up_at(it), it.broker))?;
        Some(best.broker)
    }

    /// When a follower was caught up last: where its session need not look, that was its last fetch.
    fn caught_up_at(&self, follower: &FollowerProgress) -> Option<Time> {
        let session = self.sessions.get(follower.broker.0 as usize).and_then(Option::as_ref);
        let unlisted = follower.asked.is_some() && !follower.listed;
        session.filter(|_| unlisted).map(|session| session.last_fetch).max(follower.last_caught_up())
    }
}
