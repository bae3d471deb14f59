//! One of a consumer's partitions: position, leader, and what holds the next fetch up.

use crate::config::OffsetReset;
use crate::protocol::ErrorCode;
use crate::record::{BrokerId, TopicPartition};
use crate::time::Time;
use crate::trace::Seq;

/// What a consumer is told of a partition when it begins to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownPartition {
    /// Which partition.
    pub tp: TopicPartition,
    /// Its leader, if it has one.
    pub leader: Option<BrokerId>,
    /// The leader's epoch.
    pub leader_epoch: i32,
    /// The first offset of the log, if there is a leader to say it.
    pub earliest: Option<i64>,
    /// How far the log may be read, if there is a leader that knows (`broker.md C4`).
    pub latest: Option<i64>,
}

/// A partition that a consumer reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignedPartition {
    /// Which partition.
    pub tp: TopicPartition,
    /// Who leads it, as far as the consumer knows.
    pub leader: Option<BrokerId>,
    /// The leader's epoch; -1: not known.
    pub leader_epoch: i32,
    /// The high watermark that it was told last.
    pub high_watermark: i64,
    /// Why it is not read any more.
    pub stopped: Option<ErrorCode>,
    position: Option<i64>,
    pub(super) state: PositionState,
    /// Leader epoch of the last record that it has read; -1: none since its position was set.
    read_epoch: i32,
    /// The leader epoch in which its position was set, or is to be checked.
    position_epoch: i32,
    /// The position's state is not asked about before.
    pub(super) retry_at: Time,
    /// The follower that the leader has sent it to, and until when (`broker.md C5`).
    pub(super) preferred: Option<(BrokerId, Time)>,
    pub(super) wait: Wait,
    /// Errors in a row.
    pub(super) failures: u32,
    /// The last answer that brought something: who waited longest comes first in a fetch.
    pub(super) turn: u64,
    /// What made it wait.
    pub(super) cause: Seq,
}

/// Where a position stands (Kafka's `SubscriptionState.FetchStates`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PositionState {
    /// There is none, and none is looked for.
    None,
    /// It is fetched from.
    Fetching,
    /// The leader has changed: whether the log that was read is still there is asked first (`broker.md C7`).
    AwaitValidation,
    /// `auto.offset.reset` gives one as soon as the leader says where (`broker.md C8`).
    AwaitReset,
}

/// What holds the next fetch of a partition up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Nothing.
    Nothing,
    /// An error's back-off.
    Until(Time),
    /// New metadata.
    Metadata,
}

impl AssignedPartition {
    pub(super) fn unknown(tp: TopicPartition) -> AssignedPartition {
        AssignedPartition {
            tp,
            leader: None,
            leader_epoch: -1,
            high_watermark: 0,
            stopped: None,
            position: None,
            state: PositionState::None,
            read_epoch: -1,
            position_epoch: -1,
            retry_at: Time::ZERO,
            preferred: None,
            wait: Wait::Nothing,
            failures: 0,
            turn: 0,
            cause: Seq::OUTSIDE,
        }
    }

    pub(super) fn learn(&mut self, known: &KnownPartition) {
        self.leader = known.leader;
        self.leader_epoch = known.leader_epoch;
        self.high_watermark = known.latest.unwrap_or(0);
    }

    /// The next offset that it wants; none once it is stopped, or before it is assigned.
    pub fn position(&self) -> Option<i64> {
        self.position
    }

    /// Whether its leader has yet to say where it reads on: its position is checked, or looked for.
    pub fn awaits_leader(&self) -> bool {
        matches!(self.state, PositionState::AwaitValidation | PositionState::AwaitReset)
    }

    /// High watermark less position (`broker.md C9`).
    pub fn lag(&self) -> u64 {
        self.position.map_or(0, |position| u64::try_from(self.high_watermark - position).unwrap_or(0))
    }

    /// What came up to this offset is read, the last of it of this leader epoch.
    pub(super) fn advance(&mut self, position: i64, leader_epoch: i32) {
        self.position = Some(position);
        self.read_epoch = leader_epoch;
    }

    /// What the leader is to look up to check the position: its leader epoch, and that of the last record read.
    pub(super) fn to_check(&self) -> (i32, i32) {
        (self.position_epoch, self.read_epoch)
    }

    /// Whether the answer to a check in this leader epoch still counts.
    pub(super) fn awaits_check_in(&self, leader_epoch: i32) -> bool {
        self.state == PositionState::AwaitValidation && self.position_epoch == leader_epoch
    }

    /// The leader's log holds what was read.
    pub(super) fn checked(&mut self) {
        self.state = PositionState::Fetching;
    }

    /// The leader's log holds what was read up to this offset only, of this epoch: with a reset policy the consumer goes on
    /// from there, whichever it is; without one it stops.
    pub(super) fn truncated(&mut self, by: OffsetReset, leader_epoch: i32, end_offset: i64) {
        match by {
            OffsetReset::Earliest | OffsetReset::Latest => {
                self.advance(end_offset, leader_epoch);
                self.state = PositionState::Fetching;
            }
            OffsetReset::None => self.stop(ErrorCode::OffsetOutOfRange),
        }
    }

    /// It has no position (any more): one by `auto.offset.reset` is looked for (`broker.md C8`); `none` stops with this error.
    pub(super) fn request_reset(&mut self, by: OffsetReset, error: ErrorCode) {
        self.stop(error);
        if by != OffsetReset::None {
            self.stopped = None;
            self.state = PositionState::AwaitReset;
            self.retry_at = Time::ZERO;
        }
    }

    /// It reads on from here, whatever stands there.
    pub(super) fn seek(&mut self, position: i64) {
        self.position = Some(position);
        self.state = PositionState::Fetching;
        (self.read_epoch, self.position_epoch) = (-1, self.leader_epoch);
        self.stopped = None;
    }

    fn stop(&mut self, error: ErrorCode) {
        self.position = None;
        self.state = PositionState::None;
        self.read_epoch = -1;
        self.stopped = Some(error);
    }

    /// Another leader of a newer epoch, or the word that there is none; older news count for nothing. Whether anything
    /// is new.
    pub(super) fn led_by(&mut self, leader: Option<BrokerId>, leader_epoch: i32) -> bool {
        let news =
            leader_epoch >= self.leader_epoch && (self.leader, self.leader_epoch) != (leader, leader_epoch);
        if news {
            self.leader = leader;
            self.leader_epoch = leader_epoch;
        }
        news
    }

    /// There is a leader of another epoch than the position is from: it has to be checked there if it comes from a record
    /// (Kafka's `maybeValidatePosition`), by a consumer that does (from 2.3 on, KIP-320).
    pub(super) fn leader_changed(&mut self, checks: bool) {
        if self.leader.is_none() || self.position.is_none() || self.position_epoch == self.leader_epoch {
            return;
        }
        self.position_epoch = self.leader_epoch;
        self.preferred = None;
        if checks && self.read_epoch >= 0 {
            self.state = PositionState::AwaitValidation;
            self.retry_at = Time::ZERO;
        }
    }

    /// Whether it can be asked for now, and of whom: the leader, or who that has named.
    pub(super) fn fetchable(&self, now: Time) -> Option<BrokerId> {
        let free = match self.wait {
            Wait::Nothing => true,
            Wait::Until(at) => at <= now,
            Wait::Metadata => false,
        };
        let leader = self.leader.filter(|_| free && self.state == PositionState::Fetching)?;
        Some(self.preferred.map_or(leader, |(replica, _)| replica))
    }

    /// Whether what is to be known of its position can be asked now.
    pub(super) fn can_ask(&self, state: PositionState, now: Time) -> bool {
        self.state == state && self.retry_at <= now
    }

    /// Whether it reads from this broker, or would ask it.
    pub(super) fn wants(&self, broker: BrokerId) -> bool {
        self.leader == Some(broker) || self.preferred.is_some_and(|(replica, _)| replica == broker)
    }

    /// When something that it waits for is over.
    pub(super) fn waits_until(&self) -> Option<Time> {
        match (self.state, self.wait) {
            (PositionState::AwaitValidation | PositionState::AwaitReset, _) => Some(self.retry_at),
            (PositionState::Fetching, Wait::Until(at)) => Some(at),
            _ => None,
        }
    }
}
