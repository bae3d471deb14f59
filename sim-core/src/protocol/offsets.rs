//! Questions about a log's offsets: where a leader epoch ends, where the log begins and how far it may be read.

use std::sync::Arc;

use super::ErrorCode;
use crate::record::TopicPartition;

/// Where epochs end in the leader's log (`broker.md R29`, C7): a follower before 2.7 asks before it fetches in a new
/// leader epoch, a consumer after a leader change.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetsForLeaderEpochRequest {
    /// One a partition.
    pub partitions: Arc<[EpochToLookUp]>,
}

/// One partition of an [`OffsetsForLeaderEpochRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochToLookUp {
    /// Which partition.
    pub tp: TopicPartition,
    /// The leader epoch that the asker knows; -1 for none (before 2.1).
    pub current_leader_epoch: i32,
    /// The epoch whose end is wanted: that of the asker's last record.
    pub leader_epoch: i32,
}

/// The answer to an [`OffsetsForLeaderEpochRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetsForLeaderEpochResponse {
    /// One entry a partition asked for, in the request's order.
    pub partitions: Vec<EpochEnd>,
}

/// Where an epoch ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    /// Which partition.
    pub tp: TopicPartition,
    /// NONE, or why not.
    pub error: ErrorCode,
    /// The epoch that ends there: the largest one up to the one asked for; -1 if undefined, and before 2.0 always.
    pub leader_epoch: i32,
    /// Its end, exclusive; -1 if undefined.
    pub end_offset: i64,
}

impl EpochEnd {
    /// Nothing is known of the epoch, for this reason if there is one.
    pub fn undefined(tp: TopicPartition, error: ErrorCode) -> EpochEnd {
        EpochEnd { tp, error, leader_epoch: -1, end_offset: -1 }
    }
}

/// Where logs begin, or how far they may be read.
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsRequest {
    /// One a partition.
    pub partitions: Arc<[OffsetToList]>,
}

/// One partition of a [`ListOffsetsRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetToList {
    /// Which partition.
    pub tp: TopicPartition,
    /// The leader epoch that the asker knows; -1 for none (before 2.1).
    pub current_leader_epoch: i32,
    /// [`OffsetToList::EARLIEST`] or [`OffsetToList::LATEST`].
    pub timestamp: i64,
}

impl OffsetToList {
    /// Kafka's timestamp for the high watermark.
    pub const LATEST: i64 = -1;
    /// Kafka's timestamp for the first offset of the log.
    pub const EARLIEST: i64 = -2;
}

/// The answer to a [`ListOffsetsRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsResponse {
    /// One entry a partition asked for, in the request's order.
    pub partitions: Vec<ListedOffset>,
}

/// One offset of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedOffset {
    /// Which partition.
    pub tp: TopicPartition,
    /// NONE, or why not.
    pub error: ErrorCode,
    /// The offset; -1 with an error.
    pub offset: i64,
}
