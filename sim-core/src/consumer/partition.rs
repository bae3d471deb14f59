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
    /// The first offset of the log.
    pub log_start_offset: i64,
    /// The leader's high watermark.
    pub high_watermark: i64,
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
    /// Leader epoch of the last record that it has read; -1: none since its position was set.
    read_epoch: i32,
    /// The leader has changed since: whether the log that was read is still there has to be asked (`broker.md C7`).
    unchecked: bool,
    pub(super) wait: Wait,
    /// Errors in a row.
    pub(super) failures: u32,
    /// The last answer that brought something: who waited longest comes first in a fetch.
    pub(super) turn: u64,
    /// What made it wait.
    pub(super) cause: Seq,
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
            read_epoch: -1,
            unchecked: false,
            wait: Wait::Nothing,
            failures: 0,
            turn: 0,
            cause: Seq::OUTSIDE,
        }
    }

    pub(super) fn learn(&mut self, known: &KnownPartition) {
        self.leader = known.leader;
        self.leader_epoch = known.leader_epoch;
        self.high_watermark = known.high_watermark;
    }

    /// The next offset that it wants; none once it is stopped, or before it is assigned.
    pub fn position(&self) -> Option<i64> {
        self.position
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

    /// The leader epoch that the leader is to look up, if there is something to check (`broker.md C7`).
    pub(super) fn epoch_to_check(&self) -> i32 {
        if self.unchecked { self.read_epoch } else { -1 }
    }

    /// The leader's log holds what was read.
    pub(super) fn checked(&mut self) {
        self.unchecked = false;
    }

    /// The leader's log holds what was read up to this offset only, of this epoch: with a reset policy the consumer goes on
    /// from there, whichever it is; without one it stops.
    pub(super) fn truncated(&mut self, by: OffsetReset, leader_epoch: i32, end_offset: i64) {
        self.unchecked = false;
        match by {
            OffsetReset::Earliest | OffsetReset::Latest => self.advance(end_offset, leader_epoch),
            OffsetReset::None => {
                self.position = None;
                self.stopped = Some(ErrorCode::OffsetOutOfRange);
            }
        }
    }

    /// A position by `auto.offset.reset` (`broker.md C8`): `latest` skips what is there, `earliest` replays it, `none`
    /// stops with this error.
    pub(super) fn reset(
        &mut self,
        by: OffsetReset,
        log_start_offset: i64,
        high_watermark: i64,
        error: ErrorCode,
    ) {
        self.position = match by {
            OffsetReset::Earliest => Some(log_start_offset),
            OffsetReset::Latest => Some(high_watermark),
            OffsetReset::None => None,
        };
        self.stopped = self.position.is_none().then_some(error);
        (self.read_epoch, self.unchecked) = (-1, false);
    }

    /// Another leader of a newer epoch, or the word that there is none; older news count for nothing. Whether anything
    /// is new.
    pub(super) fn led_by(&mut self, leader: Option<BrokerId>, leader_epoch: i32) -> bool {
        let news =
            leader_epoch >= self.leader_epoch && (self.leader, self.leader_epoch) != (leader, leader_epoch);
        if news {
            self.unchecked |= leader_epoch > self.leader_epoch && self.read_epoch >= 0;
            self.leader = leader;
            self.leader_epoch = leader_epoch;
        }
        news
    }

    /// Whether it can be asked for now, and of whom.
    pub(super) fn fetchable(&self, now: Time) -> Option<BrokerId> {
        let free = match self.wait {
            Wait::Nothing => true,
            Wait::Until(at) => at <= now,
            Wait::Metadata => false,
        };
        self.leader.filter(|_| free && self.position.is_some())
    }

    pub(super) fn waits_until(&self) -> Option<Time> {
        match self.wait {
            Wait::Until(at) => Some(at),
            _ => None,
        }
    }
}
