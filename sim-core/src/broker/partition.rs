//! A replica of a partition: its log, its high watermark, and whether its broker leads or follows.

use std::sync::Arc;

use super::leadership::Leadership;
use super::log::Log;
use super::metadata::PartitionRegistration;
use super::producer_state::ProducerStates;
use crate::config::{Release, TopicConfig};
use crate::record::{BrokerId, StoredBatch, TopicPartition};
use crate::time::Time;

/// What a replica is at the moment, as its broker believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It leads.
    Leader,
    /// It follows, or waits for a leader.
    Follower,
}

/// A replica of a partition at one broker (Kafka's `Partition`).
#[derive(Clone, Debug)]
pub struct Partition {
    tp: TopicPartition,
    pub(super) log: Log,
    /// When it was written to disk last.
    pub(super) flushed_at: Time,
    pub(super) producers: ProducerStates,
    high_watermark: i64,
    /// The high watermark on disk (`broker.md R17`).
    checkpointed_hw: i64,
    /// What it acts on: the last word of the controller that it has applied.
    known: PartitionRegistration,
    pub(super) role: RoleState,
    /// Parked produce requests that wait for it.
    pub(super) produce_waiters: Vec<ProduceWaiter>,
    /// Parked consumer fetches that read it.
    pub(super) fetch_waiters: Vec<u32>,
    /// What a power loss has taken from the end of the log, until it is written to again.
    lost_with_power: Vec<StoredBatch>,
}

/// The part of the state that leader and follower do not share.
#[derive(Clone, Debug)]
pub(super) enum RoleState {
    Leader(Leadership),
    Follower(Following),
}

/// How the fetcher stands with a replica that follows (Kafka's `PartitionFetchState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Following {
    /// Whether it is fetched, and from when on.
    pub(super) fetch: FetchState,
    /// Fetch offset and leader epoch that the leader has been told in this fetch session, as long as they hold.
    pub(super) told: Option<(i64, i32)>,
    /// Whether the leader has it in this fetch session.
    pub(super) listed: bool,
    /// Whether it has yet to ask where its log parts from the leader's, and to cut it there (before 2.7).
    pub(super) truncating: bool,
}

/// Whether a replica is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum FetchState {
    /// There is nobody to fetch from, or the leader has fenced it: new metadata is needed (`broker.md R6`).
    #[default]
    Stopped,
    /// It is part of every fetch.
    Fetching,
    /// It is part of the next OffsetsForLeaderEpoch request, and of no fetch before its log is cut.
    Truncating,
    /// Not before this time (`broker.md R5`).
    Delayed(Time),
}

/// A parked produce request that waits for a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProduceWaiter {
    /// The high watermark that it waits for.
    pub(super) required_offset: i64,
    /// Its place in the purgatory.
    pub(super) parked: u32,
    /// Its place in the request.
    pub(super) at: u32,
}

impl Partition {
    pub(super) fn new(tp: TopicPartition) -> Partition {
        let none: Arc<[BrokerId]> = Arc::new([]);
        Partition {
            tp,
            log: Log::default(),
            flushed_at: Time::ZERO,
            producers: ProducerStates::default(),
            high_watermark: 0,
            checkpointed_hw: 0,
            known: PartitionRegistration {
                replicas: none.clone(),
                leader: None,
                leader_epoch: -1,
                partition_epoch: -1,
                isr: none,
            },
            role: RoleState::Follower(Following::default()),
            produce_waiters: Vec::new(),
            fetch_waiters: Vec::new(),
            lost_with_power: Vec::new(),
        }
    }

    /// Which partition.
    pub fn tp(&self) -> TopicPartition {
        self.tp
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// What it knows of idempotent producers.
    pub fn producers(&self) -> &ProducerStates {
        &self.producers
    }

    /// Its own high watermark.
    pub fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    /// What it is.
    pub fn role(&self) -> Role {
        if self.leadership().is_some() { Role::Leader } else { Role::Follower }
    }

    /// The leader that it knows, if there is one.
    pub fn leader(&self) -> Option<BrokerId> {
        self.known.leader
    }

    /// The leader epoch that it knows; -1 before the first word of the controller.
    pub fn leader_epoch(&self) -> i32 {
        self.known.leader_epoch
    }

    /// The partition epoch that it knows; -1 before the first word of the controller.
    pub fn partition_epoch(&self) -> i32 {
        self.known.partition_epoch
    }

    /// Its replicas, the preferred leader first.
    pub fn replicas(&self) -> &[BrokerId] {
        &self.known.replicas
    }

    /// The ISR that the controller has committed, as far as it knows.
    pub fn isr(&self) -> &[BrokerId] {
        &self.known.isr
    }

    /// Of a leader: the replica that it proposes to add to the ISR and the controller has not confirmed yet (`broker.md R23`).
    pub fn joining(&self) -> Option<BrokerId> {
        self.leadership()?.proposal.as_ref()?.joins
    }

    /// Of a leader: its log end when its epoch began (`broker.md R28`).
    pub fn epoch_start(&self) -> Option<i64> {
        Some(self.leadership()?.epoch_start())
    }

    /// How far consumers may read, as a ListOffsets answer says it. A leader whose high watermark has yet to reach the start
    /// of its epoch does not know from 2.2 on (KIP-207, `broker.md C4`): some other leader may have said more before.
    pub fn latest_offset(&self, release: Release) -> Option<i64> {
        let start = self.epoch_start().filter(|_| release.at_least(2, 2));
        (self.high_watermark >= start.unwrap_or(0)).then_some(self.high_watermark)
    }

    /// Of a leader: what it knows of a follower's log end (`broker.md R9`), -1 for nothing.
    pub fn known_end_of(&self, follower: BrokerId) -> Option<i64> {
        Some(self.leadership()?.follower(follower)?.end_offset)
    }

    pub(super) fn leadership(&self) -> Option<&Leadership> {
        match &self.role {
            RoleState::Leader(leadership) => Some(leadership),
            RoleState::Follower(_) => None,
        }
    }

    pub(super) fn following(&self) -> Option<&Following> {
        match &self.role {
            RoleState::Follower(following) => Some(following),
            RoleState::Leader(_) => None,
        }
    }

    pub(super) fn following_mut(&mut self) -> Option<&mut Following> {
        match &mut self.role {
            RoleState::Follower(following) => Some(following),
            RoleState::Leader(_) => None,
        }
    }

    /// Takes over what the controller has decided; whether it is news.
    pub(super) fn learn(&mut self, registration: &PartitionRegistration) -> bool {
        let news = registration.partition_epoch > self.known.partition_epoch;
        if news {
            self.known = registration.clone();
        }
        news
    }

    /// The controller's answer to a proposal: the ISR as it is now.
    pub(super) fn commit_isr(&mut self, isr: &[BrokerId], partition_epoch: i32) {
        self.known.isr = isr.into();
        self.known.partition_epoch = partition_epoch;
        self.drop_proposal();
    }

    /// Back to the ISR that is committed.
    pub(super) fn drop_proposal(&mut self) {
        if let RoleState::Leader(leadership) = &mut self.role {
            leadership.proposal = None;
        }
    }

    pub(super) fn shared_isr(&self) -> Arc<[BrokerId]> {
        self.known.isr.clone()
    }

    pub(super) fn shared_replicas(&self) -> Arc<[BrokerId]> {
        self.known.replicas.clone()
    }

    /// The process has died: what it was it is no more, and knows it only once the controller says it again.
    pub(super) fn forget_role(&mut self) {
        self.known.partition_epoch = -1;
        self.known.leader_epoch = -1;
        self.known.leader = None;
        self.role = RoleState::Follower(Following::default());
        self.produce_waiters.clear();
        self.fetch_waiters.clear();
    }

    /// The process starts: high watermark and producers come back from disk (`broker.md R17`, I10), epochs that begin where
    /// the log ends do not (D4). After an orderly end nobody looks through the log.
    pub(super) fn recover(&mut self, ended_in_order: bool, now_ms: i64, expiration_ms: i64) {
        self.log.truncate_to(self.log.end_offset());
        self.high_watermark = self.checkpointed_hw.clamp(self.log.start_offset(), self.log.end_offset());
        if ended_in_order {
            self.producers.reload(&self.log, now_ms, expiration_ms);
        } else {
            self.producers.recover(&self.log, now_ms, expiration_ms);
        }
    }

    /// The process ends in order: high watermark and producers go to disk as they are (`broker.md I9`).
    pub(super) fn close(&mut self) {
        self.checkpoint_hw();
        self.producers.take_snapshot(self.log.end_offset());
    }

    /// Writes the high watermark to disk (`broker.md R17`).
    pub(super) fn checkpoint_hw(&mut self) {
        self.checkpointed_hw = self.high_watermark;
    }

    /// A leader's high watermark only ever rises (`broker.md R14`). Whether it did.
    pub(super) fn raise_hw(&mut self, to: i64) -> bool {
        let rises = to > self.high_watermark;
        if rises {
            self.high_watermark = to;
        }
        rises
    }

    /// A follower's follows the leader's, backwards too (`broker.md R15`). Whether it rose.
    pub(super) fn follow_hw(&mut self, leaders: i64) -> bool {
        let before = self.high_watermark;
        self.high_watermark = leaders.clamp(self.log.start_offset(), self.log.end_offset());
        self.high_watermark > before
    }

    /// Appends to log and producer state, as leader or as follower (`broker.md 1.6`, R8). Whether that closed a segment
    /// and so wrote it to disk.
    pub(super) fn append(&mut self, stored: StoredBatch, config: &TopicConfig) -> bool {
        let rolled = self.log.maybe_roll(&stored, config);
        if let Some(base_offset) = rolled {
            self.producers.take_snapshot(base_offset);
        }
        self.producers.update(&stored);
        self.lost_with_power.clear();
        self.log.append(stored);
        rolled.is_some()
    }

    /// Cuts the log, and with it all that is derived from it (`broker.md R32`).
    pub(super) fn truncate_to(&mut self, offset: i64, now_ms: i64, expiration_ms: i64) {
        let before = self.log.end_offset();
        self.log.truncate_to(offset);
        if self.log.end_offset() < before {
            self.high_watermark = self.high_watermark.min(self.log.end_offset());
            self.producers.reload(&self.log, now_ms, expiration_ms);
        }
    }

    /// A power loss is about to take everything from this offset on.
    pub(super) fn note_lost_with_power(&mut self, offset: i64) {
        self.lost_with_power = self.log.batches_from(offset).cloned().collect();
    }

    /// What a power loss has taken from the end of the log, until it is written to again: it had been stored, though nobody
    /// finds it there.
    pub(crate) fn lost_with_power(&self) -> &[StoredBatch] {
        &self.lost_with_power
    }

    /// Drops everything and begins anew at this offset (`broker.md R33`).
    pub(super) fn restart_at(&mut self, offset: i64) {
        self.log.restart_at(offset);
        self.high_watermark = offset;
        self.producers.clear();
    }

    /// The log begins later now, as far as the high watermark allows.
    pub(super) fn advance_start(&mut self, offset: i64) {
        self.log.advance_start(offset.min(self.high_watermark));
    }
}
