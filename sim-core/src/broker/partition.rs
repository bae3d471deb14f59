//! A replica of a partition.

use std::sync::Arc;

use super::Log;
use crate::record::{BrokerId, TopicPartition};

/// What a replica is at the moment, as its broker believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It leads.
    Leader,
    /// It follows, or waits for a leader.
    Follower,
}

/// A replica of a partition at one broker.
#[derive(Clone, Debug)]
pub struct Partition {
    tp: TopicPartition,
    log: Log,
    isr: Arc<[BrokerId]>,
}

impl Partition {
    /// Which partition.
    pub fn tp(&self) -> TopicPartition {
        self.tp
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Its own high watermark.
    pub fn high_watermark(&self) -> i64 {
        0
    }

    /// What it is.
    pub fn role(&self) -> Role {
        Role::Follower
    }

    /// The leader that it knows, if there is one.
    pub fn leader(&self) -> Option<BrokerId> {
        None
    }

    /// The leader epoch that it knows; -1 before the first word of the controller.
    pub fn leader_epoch(&self) -> i32 {
        -1
    }

    /// The partition epoch that it knows; -1 before the first word of the controller.
    pub fn partition_epoch(&self) -> i32 {
        -1
    }

    /// The ISR that it knows.
    pub fn isr(&self) -> &[BrokerId] {
        &self.isr
    }
}
