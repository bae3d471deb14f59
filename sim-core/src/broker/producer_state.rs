//! What a replica knows of idempotent producers: epochs, sequences, the last five batches (Kafka's
//! `ProducerStateManager`, `broker.md 2`).

use std::collections::BTreeMap;

use super::log::{Log, timestamp};
use crate::config::Release;
use crate::protocol::ErrorCode;
use crate::record::{NO_PRODUCER_ID, NO_SEQUENCE, RecordBatch, StoredBatch, add_sequence};

/// How many batches of a producer are remembered (`broker.md I1`).
const CACHED_BATCHES: usize = 5;

/// The producers of one replica, kept in step with its log (`broker.md I2`).
#[derive(Clone, Debug, Default)]
pub struct ProducerStates {
    producers: BTreeMap<i64, ProducerState>,
    /// On disk, oldest first.
    snapshots: Vec<Snapshot>,
    /// Whether the state of an idle producer has ever been dropped (`broker.md I8`).
    forgot: bool,
}

/// One producer on one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerState {
    epoch: i16,
    last_timestamp: i64,
    /// Oldest first; only the first `cached` count.
    batches: [CachedBatch; CACHED_BATCHES],
    cached: usize,
}

/// A remembered batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CachedBatch {
    /// Sequence of its first record.
    pub first_sequence: i32,
    /// Sequence of its last record.
    pub last_sequence: i32,
    /// Offset of its first record.
    pub base_offset: i64,
    /// Offset of its last record.
    pub last_offset: i64,
    /// When the leader appended it, if its topic's timestamps are that, else -1.
    pub log_append_time: i64,
}

/// A snapshot file: the last batch of each producer, as of an offset (`broker.md I9`).
#[derive(Clone, Debug)]
struct Snapshot {
    offset: i64,
    producers: Vec<(i64, i16, i64, Option<CachedBatch>)>,
}

/// What the state says about a client's batch (`broker.md 2.2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// It may be appended.
    Accept,
    /// It stands in the log already.
    Duplicate(CachedBatch),
    /// It may not.
    Refuse(ErrorCode),
}

impl ProducerState {
    fn new(epoch: i16) -> ProducerState {
        ProducerState { epoch, last_timestamp: -1, batches: Default::default(), cached: 0 }
    }

    /// Its epoch.
    pub fn epoch(&self) -> i16 {
        self.epoch
    }

    /// The remembered batches, oldest first.
    pub fn batches(&self) -> &[CachedBatch] {
        &self.batches[..self.cached]
    }

    fn push(&mut self, batch: CachedBatch) {
        if self.cached == CACHED_BATCHES {
            self.batches.rotate_left(1);
        } else {
            self.cached += 1;
        }
        self.batches[self.cached - 1] = batch;
    }

    fn note(&mut self, stored: &StoredBatch) {
        if self.epoch != stored.batch.producer_epoch {
            self.epoch = stored.batch.producer_epoch;
            self.cached = 0;
        }
        self.last_timestamp = timestamp(stored);
        self.push(CachedBatch {
            first_sequence: stored.batch.base_sequence,
            last_sequence: stored.batch.last_sequence(),
            base_offset: stored.base_offset,
            last_offset: stored.last_offset(),
            log_append_time: stored.log_append_time,
        });
    }
}

impl ProducerStates {
    /// A producer's state, if it is known here.
    pub fn get(&self, producer_id: i64) -> Option<&ProducerState> {
        self.producers.get(&producer_id)
    }

    /// The known producers, ascending by id.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &ProducerState)> {
        self.producers.iter().map(|(&id, state)| (id, state))
    }

    /// Whether it has ever dropped the state of a producer that was idle for too long (`broker.md I8`).
    pub fn has_forgotten_any(&self) -> bool {
        self.forgot
    }

    /// The decision table of `broker.md 2.2` for a client's batch.
    pub(crate) fn check(&self, batch: &RecordBatch, release: Release) -> Check {
        if batch.producer_id == NO_PRODUCER_ID {
            return Check::Accept;
        }
        let (first, epoch) = (batch.base_sequence, batch.producer_epoch);
        let Some(state) = self.producers.get(&batch.producer_id) else {
            return unknown_producer(first, release);
        };
        if epoch < state.epoch {
            return Check::Refuse(ErrorCode::InvalidProducerEpoch);
        }
        if epoch > state.epoch {
            return in_order(first == 0);
        }
        let last = batch.last_sequence();
        let same = |cached: &&CachedBatch| cached.first_sequence == first && cached.last_sequence == last;
        if let Some(&original) = state.batches().iter().find(same) {
            return Check::Duplicate(original);
        }
        let newest = state.batches().last().map_or(NO_SEQUENCE, |cached| cached.last_sequence);
        in_order(first == add_sequence(newest, 1))
    }

    /// Takes in a batch that the log has taken in, a leader's own or a replicated one (`broker.md I2`, I5).
    #[inline]
    pub(crate) fn update(&mut self, stored: &StoredBatch) {
        if stored.batch.producer_id != NO_PRODUCER_ID {
            let epoch = stored.batch.producer_epoch;
            let state =
                self.producers.entry(stored.batch.producer_id).or_insert_with(|| ProducerState::new(epoch));
            state.note(stored);
        }
    }

    /// Writes a snapshot as of this offset: the last batch of each producer only (`broker.md I9`).
    pub(crate) fn take_snapshot(&mut self, offset: i64) {
        if self.snapshots.last().is_some_and(|last| last.offset >= offset) {
            return;
        }
        let producers = self
            .producers
            .iter()
            .map(|(&id, state)| (id, state.epoch, state.last_timestamp, state.batches().last().copied()))
            .collect();
        self.snapshots.push(Snapshot { offset, producers });
    }

    /// Rebuilds the state from the newest snapshot that the log still covers and the batches behind it, then writes a
    /// snapshot (`broker.md I10`). Producers idle for `expiration_ms` are not loaded from the snapshot.
    pub(crate) fn reload(&mut self, log: &Log, now_ms: i64, expiration_ms: i64) {
        let (start, end) = (log.start_offset(), log.end_offset());
        self.snapshots.retain(|snapshot| snapshot.offset > start && snapshot.offset <= end);
        self.producers.clear();
        let mut replay_from = start;
        if let Some(snapshot) = self.snapshots.last() {
            replay_from = snapshot.offset;
            for &(id, epoch, last_timestamp, last_batch) in &snapshot.producers {
                if now_ms - last_timestamp >= expiration_ms {
                    self.forgot = true;
                } else {
                    let mut state = ProducerState { last_timestamp, ..ProducerState::new(epoch) };
                    last_batch.into_iter().for_each(|batch| state.push(batch));
                    self.producers.insert(id, state);
                }
            }
        }
        for stored in log.batches_from(replay_from) {
            self.update(stored);
        }
        self.take_snapshot(end);
    }

    /// Rebuilds the state after an unclean stop: the active segment is scanned whole, so snapshots inside it are not used
    /// (`broker.md D4`).
    pub(crate) fn recover(&mut self, log: &Log, now_ms: i64, expiration_ms: i64) {
        self.snapshots.retain(|snapshot| snapshot.offset <= log.active_base());
        self.reload(log, now_ms, expiration_ms);
    }

    /// The log began anew: nothing is known.
    pub(crate) fn clear(&mut self) {
        self.producers.clear();
        self.snapshots.clear();
    }

    /// Forgets who has been idle for so long; their ids, ascending (`broker.md I8`).
    pub(crate) fn expire(&mut self, now_ms: i64, expiration_ms: i64) -> Vec<i64> {
        let idle = |state: &ProducerState| now_ms - state.last_timestamp >= expiration_ms;
        let expired: Vec<i64> =
            self.producers.iter().filter(|(_, state)| idle(state)).map(|(&id, _)| id).collect();
        self.producers.retain(|_, state| !idle(state));
        self.forgot |= !expired.is_empty();
        expired
    }
}

/// A producer without state may begin anywhere since KIP-360 (`broker.md I6`); before, only at 0.
fn unknown_producer(first_sequence: i32, release: Release) -> Check {
    if first_sequence == 0 || release.at_least(2, 5) {
        Check::Accept
    } else if release.at_least(1, 0) {
        Check::Refuse(ErrorCode::UnknownProducerId)
    } else {
        Check::Refuse(ErrorCode::OutOfOrderSequenceNumber)
    }
}

fn in_order(in_order: bool) -> Check {
    if in_order { Check::Accept } else { Check::Refuse(ErrorCode::OutOfOrderSequenceNumber) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::broker::fixture::{batch_of, topic_config};
    use crate::config::TopicConfig;

    const DAY: i64 = 86_400_000;

    /// A log with its producer states, filled as a leader would.
    #[derive(Default)]
    struct Replica {
        log: Log,
        states: ProducerStates,
    }

    impl Replica {
        fn check(&self, epoch: i16, first: i32, records: u32) -> Check {
            self.states.check(&idempotent(epoch, first, records), Release::NEWEST)
        }

        fn append(&mut self, epoch: i16, first: i32, records: u32) -> &mut Replica {
            self.append_with(epoch, first, records, &topic_config())
        }

        fn append_with(
            &mut self,
            epoch: i16,
            first: i32,
            records: u32,
            config: &TopicConfig,
        ) -> &mut Replica {
            let stored = StoredBatch {
                base_offset: self.log.end_offset(),
                leader_epoch: 0,
                log_append_time: -1,
                batch: Arc::new(idempotent(epoch, first, records)),
            };
            if let Some(base) = self.log.maybe_roll(&stored, config) {
                self.states.take_snapshot(base);
            }
            self.states.update(&stored);
            self.log.append(stored);
            self
        }

        fn cached(&self) -> usize {
            self.states.get(7).map_or(0, |state| state.batches().len())
        }
    }

    fn idempotent(epoch: i16, first: i32, records: u32) -> RecordBatch {
        RecordBatch { producer_id: 7, producer_epoch: epoch, base_sequence: first, ..batch_of(0, records) }
    }

    fn base_offset(check: Check) -> Option<i64> {
        match check {
            Check::Duplicate(original) => Some(original.base_offset),
            _ => None,
        }
    }

    const OUT_OF_ORDER: Check = Check::Refuse(ErrorCode::OutOfOrderSequenceNumber);

    /// `broker.md 2.2`, row "none": any first sequence.
    #[test]
    fn an_unknown_producer_may_begin_anywhere() {
        let replica = Replica::default();
        assert_eq!(replica.check(0, 0, 2), Check::Accept);
        assert_eq!(replica.check(3, 17, 2), Check::Accept);
        let old = |major, minor| replica.states.check(&idempotent(0, 17, 1), Release::new(major, minor));
        assert_eq!(old(2, 4), Check::Refuse(ErrorCode::UnknownProducerId), "I6: before KIP-360");
        assert_eq!(old(0, 11), OUT_OF_ORDER);
    }

    /// `broker.md 2.2`, row "e = E": next in line or out of order; I4: other boundaries are no duplicate.
    #[test]
    fn sequences_of_an_epoch_are_gapless() {
        let mut replica = Replica::default();
        replica.append(0, 0, 3).append(0, 3, 2);
        assert_eq!(replica.check(0, 5, 1), Check::Accept);
        assert_eq!(replica.check(0, 6, 1), OUT_OF_ORDER);
        assert_eq!(replica.check(0, 0, 5), OUT_OF_ORDER);
        assert_eq!(base_offset(replica.check(0, 3, 2)), Some(3));
    }

    /// `broker.md 2.2`: after 2147483647 comes 0.
    #[test]
    fn sequences_wrap() {
        let mut replica = Replica::default();
        replica.append(0, i32::MAX - 1, 2);
        assert_eq!(replica.check(0, 0, 1), Check::Accept);
        assert_eq!(base_offset(replica.check(0, i32::MAX - 1, 2)), Some(0));
    }

    /// `broker.md I1`, I4: five batches are remembered, the sixth last is not.
    #[test]
    fn five_batches_are_remembered() {
        let mut replica = Replica::default();
        for first in 0..6 {
            replica.append(0, first, 1);
        }
        assert_eq!(replica.cached(), 5);
        assert_eq!(replica.check(0, 0, 1), OUT_OF_ORDER);
        for first in 1..6 {
            assert_eq!(base_offset(replica.check(0, first, 1)), Some(i64::from(first)));
        }
    }

    /// `broker.md 2.2`, rows "e < E" and "e > E".
    #[test]
    fn epochs_fence_and_start_anew() {
        let mut replica = Replica::default();
        replica.append(1, 0, 1).append(1, 1, 1);
        assert_eq!(replica.check(0, 2, 1), Check::Refuse(ErrorCode::InvalidProducerEpoch));
        assert_eq!(replica.check(2, 1, 1), OUT_OF_ORDER);
        assert_eq!(replica.check(2, 0, 1), Check::Accept);
        replica.append(2, 0, 1);
        assert_eq!(replica.cached(), 1, "the cache of the old epoch is cleared");
        assert_eq!(replica.check(2, 1, 1), Check::Accept);
    }

    /// `broker.md I10`: truncation recomputes the state as of the new end.
    #[test]
    fn truncation_takes_the_state_back() {
        let mut replica = Replica::default();
        replica.append(0, 0, 1).append(0, 1, 1).append(1, 0, 1);
        replica.log.truncate_to(2);
        replica.states.reload(&replica.log, 0, DAY);
        assert_eq!(replica.check(0, 2, 1), Check::Accept);
        assert_eq!(base_offset(replica.check(0, 0, 1)), Some(0));
    }

    /// `broker.md I9`, I10: a snapshot holds one batch a producer, so the cache is shallow after a reload from it.
    #[test]
    fn a_snapshot_is_one_batch_deep() {
        let tiny = TopicConfig { segment_bytes: 300, ..topic_config() };
        let mut replica = Replica::default();
        for first in 0..5 {
            replica.append_with(0, first, 1, &tiny);
        }
        let last_base = replica.log.active_base();
        replica.log.truncate_to(last_base);
        replica.states.reload(&replica.log, 0, DAY);
        assert_eq!(replica.cached(), 1);
        assert_eq!(replica.check(0, last_base as i32, 1), Check::Accept);
        assert_eq!(replica.check(0, last_base as i32 - 2, 1), OUT_OF_ORDER, "I15(c)");
    }

    /// `broker.md 5`, process crash: rebuilt from the log, the active segment whole.
    #[test]
    fn recovery_after_a_crash_reads_the_active_segment() {
        let mut replica = Replica::default();
        for first in 0..4 {
            replica.append(0, first, 1);
        }
        replica.states.take_snapshot(4);
        replica.states.recover(&replica.log, 0, DAY);
        assert_eq!(replica.cached(), 4);
    }

    /// `broker.md I8`: idle for `producer.id.expiration.ms` by the batches' own time.
    #[test]
    fn idle_producers_are_forgotten() {
        let mut replica = Replica::default();
        replica.append(0, 0, 1);
        assert!(replica.states.expire(DAY - 1, DAY).is_empty());
        assert_eq!(replica.states.expire(DAY, DAY), [7]);
        assert_eq!(replica.check(0, 9, 1), Check::Accept);
    }
}
