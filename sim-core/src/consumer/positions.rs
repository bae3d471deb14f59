//! Where to read on: a position is checked after a leader change (`broker.md C7`) and looked for where there is none (C8), by
//! requests of their own (Kafka's `OffsetFetcher`).

use std::sync::Arc;

use super::Consumer;
use super::connections::Sent;
use super::partition::{AssignedPartition, PositionState};
use crate::config::OffsetReset;
use crate::protocol::{
    ClientAction, EpochEnd, EpochToLookUp, ErrorCode, ListOffsetsRequest, ListedOffset, OffsetToList,
    OffsetsForLeaderEpochRequest, Request,
};
use crate::record::{BrokerId, TopicPartition};
use crate::time::{Span, Time};
use crate::trace::{Cx, Observer, Seq};

impl Consumer {
    /// Asks the leaders what is to be known of positions, as far as that can be asked now.
    pub(super) fn look_up_positions<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        for state in [PositionState::AwaitValidation, PositionState::AwaitReset] {
            let mut leaders: Vec<BrokerId> = Vec::new();
            for assigned in self.partitions.iter().filter(|assigned| assigned.can_ask(state, cx.now)) {
                match assigned.leader {
                    Some(leader) if !leaders.contains(&leader) => leaders.push(leader),
                    Some(_) => {}
                    None => self.metadata.want(assigned.cause),
                }
            }
            leaders.sort_unstable();
            for leader in leaders {
                if self.connections.is_ready(leader) {
                    self.ask_leader(cx.now, leader, state, cause);
                } else if let Some(cause) = self.connections.connect(cx.now, leader, cx.chance) {
                    self.actions.push(ClientAction::Connect { node: leader, cause });
                }
            }
        }
    }

    /// One request for all partitions of this leader; they are asked about again when it has had no answer for too long.
    fn ask_leader(&mut self, now: Time, leader: BrokerId, state: PositionState, cause: Seq) {
        let retry_at = now + Span::from_millis(self.config.request_timeout_ms);
        let mut cause = cause;
        let mut asked: Vec<&AssignedPartition> = Vec::new();
        for assigned in &mut self.partitions {
            if assigned.leader == Some(leader) && assigned.can_ask(state, now) {
                assigned.retry_at = retry_at;
                if cause == Seq::OUTSIDE {
                    cause = assigned.cause;
                }
                asked.push(assigned);
            }
        }
        let (sent, request) = if state == PositionState::AwaitValidation {
            let to_check = |assigned: &&AssignedPartition| {
                let (current_leader_epoch, leader_epoch) = assigned.to_check();
                EpochToLookUp { tp: assigned.tp, current_leader_epoch, leader_epoch }
            };
            let partitions: Arc<[EpochToLookUp]> = asked.iter().map(to_check).collect();
            let request = OffsetsForLeaderEpochRequest { partitions: Arc::clone(&partitions) };
            (Sent::EpochEnds(partitions), Request::OffsetsForLeaderEpoch(request))
        } else {
            // Leader epochs are checked from 2.1 on (KIP-320).
            let names_epoch = self.config.release.at_least(2, 1);
            let timestamp = match self.config.auto_offset_reset {
                OffsetReset::Earliest => OffsetToList::EARLIEST,
                _ => OffsetToList::LATEST,
            };
            let to_list = |assigned: &&AssignedPartition| OffsetToList {
                tp: assigned.tp,
                current_leader_epoch: if names_epoch { assigned.leader_epoch } else { -1 },
                timestamp,
            };
            let partitions: Arc<[OffsetToList]> = asked.iter().map(to_list).collect();
            let request = ListOffsetsRequest { follower: false, partitions: Arc::clone(&partitions) };
            (Sent::Offsets(partitions), Request::ListOffsets(Arc::new(request)))
        };
        let correlation = self.connections.send(now, leader, sent, cause);
        self.actions.push(ClientAction::Write { node: leader, correlation, request, cause });
    }

    /// `broker.md C7`: the leader has said where the epochs of what was read last end. What is not defined is no part of its
    /// log at all: the position is reset.
    pub(super) fn take_epoch_ends(
        &mut self,
        now: Time,
        asked: &[EpochToLookUp],
        ends: &[EpochEnd],
        cause: Seq,
    ) {
        let by = self.config.auto_offset_reset;
        for (asked, end) in asked.iter().zip(ends) {
            let Some(at) = self.place(asked.tp) else { continue };
            if !self.partitions[at].awaits_check_in(asked.current_leader_epoch) {
                continue;
            }
            if end.error.is_error() {
                self.ask_again(now, at, cause);
                continue;
            }
            let assigned = &mut self.partitions[at];
            assigned.cause = cause;
            if end.leader_epoch < 0 || end.end_offset < 0 {
                assigned.request_reset(by, ErrorCode::OffsetOutOfRange);
            } else if assigned.position().is_some_and(|position| end.end_offset < position) {
                assigned.truncated(by, end.leader_epoch, end.end_offset);
            } else {
                assigned.checked();
            }
        }
    }

    /// `broker.md C8`: the leader has said where its log begins, or how far it may be read. OFFSET_NOT_AVAILABLE (C4) is an
    /// error like all others: the consumer asks again.
    pub(super) fn take_offsets(
        &mut self,
        now: Time,
        asked: &[OffsetToList],
        listed: &[ListedOffset],
        cause: Seq,
    ) {
        for (asked, listed) in asked.iter().zip(listed) {
            let Some(at) = self.place(asked.tp) else { continue };
            if self.partitions[at].state != PositionState::AwaitReset {
                continue;
            }
            if listed.error.is_error() {
                self.ask_again(now, at, cause);
            } else {
                self.partitions[at].cause = cause;
                self.partitions[at].seek(listed.offset);
            }
        }
    }

    /// There will be no answer to this.
    pub(super) fn positions_unanswered(&mut self, now: Time, sent: &Sent, cause: Seq) {
        let (state, partitions): (_, Vec<TopicPartition>) = match sent {
            Sent::EpochEnds(asked) => {
                (PositionState::AwaitValidation, asked.iter().map(|asked| asked.tp).collect())
            }
            Sent::Offsets(asked) => (PositionState::AwaitReset, asked.iter().map(|asked| asked.tp).collect()),
            Sent::Fetch(_) | Sent::Metadata => return,
        };
        for tp in partitions {
            if let Some(at) = self.place(tp).filter(|&at| self.partitions[at].state == state) {
                self.ask_again(now, at, cause);
            }
        }
    }

    /// An error: once more after `retry.backoff.ms`, with new metadata.
    fn ask_again(&mut self, now: Time, at: usize, cause: Seq) {
        self.partitions[at].retry_at = now + Span::from_millis(self.config.retry_backoff_ms.max(1));
        self.partitions[at].cause = cause;
        self.metadata.want(cause);
    }

    pub(super) fn place(&self, tp: TopicPartition) -> Option<usize> {
        self.partitions.binary_search_by_key(&tp, |assigned| assigned.tp).ok()
    }
}
