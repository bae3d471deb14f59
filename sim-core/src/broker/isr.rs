//! ISR changes on their way to the controller and back (Kafka's `AlterPartitionManager`, `broker.md 3.5`).

use std::sync::Arc;

use super::{Broker, BrokerOutput, BrokerTimer, Peer};
use crate::mutant::Mutant;
use crate::protocol::{AlterPartitionRequest, AlterPartitionResponse, ErrorCode, Request};
use crate::time::{Span, Time};
use crate::trace::{Cx, Observer, Seq};

/// A request that fails as a whole is sent again after this (`broker.md R23`).
const RETRY_AFTER: Span = Span::from_millis(50);
/// The connection to the controller is given up after this (`controller.socket.timeout.ms`).
const SOCKET_TIMEOUT: Span = Span::from_millis(30_000);

/// The proposals of a broker. Kafka puts all that wait into one request, and has one request out at a time; here a
/// request is one message a partition, and the next ones wait until all of them are answered.
#[derive(Clone, Debug, Default)]
pub(super) struct AlterPartitions {
    /// Waiting to be sent.
    queue: Vec<(u32, Seq)>,
    /// Out: the number of the message, the partition, and why it was proposed.
    out: Vec<(u64, u32, Seq)>,
    /// When they were sent.
    sent: Time,
    /// After a failure: not before this time.
    retry_at: Option<Time>,
}

impl AlterPartitions {
    /// All is gone with the process.
    pub(super) fn clear(&mut self) {
        *self = AlterPartitions::default();
    }

    pub(super) fn asked(&self, correlation: u64) -> bool {
        self.out.iter().any(|&(out, ..)| out == correlation)
    }
}

impl Broker {
    /// Looks through the partitions that this broker leads for ISR members that lag (`broker.md R20`).
    pub(super) fn scan_isrs<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        for ix in 0..self.partitions.len() as u32 {
            if self.partitions[ix as usize].leadership().is_none() {
                continue;
            }
            let rules = self.isr_rules(self.partitions[ix as usize].tp());
            if self.partitions[ix as usize].propose_shrink(cx.now, &rules) {
                self.submit_isr(cx, ix, Seq::OUTSIDE);
            }
        }
    }

    /// A new proposal goes to the controller as soon as none is out.
    pub(super) fn submit_isr<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ix: u32, cause: Seq) {
        if !self.alters.queue.iter().any(|&(queued, _)| queued == ix) {
            self.alters.queue.push((ix, cause));
        }
        self.send_proposals(cx);
    }

    fn send_proposals<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        if !self.alters.out.is_empty() || self.alters.retry_at.is_some() {
            return;
        }
        for (ix, cause) in std::mem::take(&mut self.alters.queue) {
            let correlation = self.next_correlation();
            if let Some(request) = self.proposal(ix, correlation) {
                self.alters.out.push((correlation, ix, cause));
                let (peer, request) = (Peer::Controller, Request::AlterPartition(Arc::new(request)));
                self.outputs.push(BrokerOutput::Ask { peer, correlation, request, cause });
            }
        }
        if !self.alters.out.is_empty() {
            self.alters.sent = cx.now;
            self.wake_alters(cx.now + SOCKET_TIMEOUT);
        }
    }

    /// The message for a partition's proposal, if it still has one.
    fn proposal(&mut self, ix: u32, correlation: u64) -> Option<AlterPartitionRequest> {
        let (broker, broker_epoch) = (self.id, self.lifecycle.broker_epoch());
        let partition = &mut self.partitions[ix as usize];
        let proposal = partition.leadership_mut()?.proposal.as_mut()?;
        proposal.correlation = Some(correlation);
        Some(AlterPartitionRequest {
            broker,
            broker_epoch,
            tp: partition.tp(),
            leader_epoch: partition.leader_epoch(),
            partition_epoch: partition.partition_epoch(),
            isr: partition.proposed_isr(broker, broker_epoch, self.config.release),
        })
    }

    /// The controller's answer to a proposal (`broker.md R25`).
    pub(super) fn proposal_answered<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        correlation: u64,
        answer: &AlterPartitionResponse,
        cause: Seq,
    ) {
        let Some(at) = self.alters.out.iter().position(|&(out, ..)| out == correlation) else { return };
        let (_, ix, why) = self.alters.out.remove(at);
        if answer.error == ErrorCode::StaleBrokerEpoch {
            self.alters.queue.push((ix, why));
            self.retry_proposals(cx.now);
        } else if answer.error == ErrorCode::None {
            self.isr_committed(cx, ix, answer, cause);
        } else if self.is_current(ix, correlation) {
            self.proposal_refused(ix, answer.error, why);
        }
        self.send_proposals(cx);
    }

    /// An answer to a proposal that has been superseded is ignored.
    fn is_current(&self, ix: u32, correlation: u64) -> bool {
        let leadership = self.partitions[ix as usize].leadership();
        let proposal = leadership.and_then(|leadership| leadership.proposal.as_ref());
        proposal.is_some_and(|proposal| proposal.correlation == Some(correlation))
    }

    fn isr_committed<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ix: u32,
        answer: &AlterPartitionResponse,
        cause: Seq,
    ) {
        let partition = &mut self.partitions[ix as usize];
        let of_this_epoch =
            partition.leadership().is_some() && answer.leader_epoch == partition.leader_epoch();
        if of_this_epoch && answer.partition_epoch >= partition.partition_epoch() {
            partition.commit_isr(&answer.isr, answer.partition_epoch);
            self.isr_changed(cx, ix, cause);
        }
    }

    /// What counts for the high watermark may have changed.
    pub(super) fn isr_changed<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ix: u32, cause: Seq) {
        self.note_isr(ix);
        self.advance_hw(cx, ix, cause);
    }

    fn proposal_refused(&mut self, ix: u32, error: ErrorCode, why: Seq) {
        match error {
            ErrorCode::IneligibleReplica => self.partitions[ix as usize].drop_proposal(),
            // The controller knows better: its word is on the way.
            ErrorCode::FencedLeaderEpoch
            | ErrorCode::InvalidUpdateVersion
            | ErrorCode::InvalidRequest
            | ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId => {}
            _ => self.alters.queue.push((ix, why)),
        }
    }

    /// There will be no answer to a proposal: it is sent again.
    pub(super) fn proposal_unanswered(&mut self, now: Time, correlation: u64) {
        if let Some(at) = self.alters.out.iter().position(|&(out, ..)| out == correlation) {
            let (_, ix, why) = self.alters.out.remove(at);
            if self.config.broken.is(Mutant::ProposalDropped) {
                return self.partitions[ix as usize].drop_proposal();
            }
            self.alters.queue.push((ix, why));
            self.retry_proposals(now);
        }
    }

    /// The connection to the controller is given up: nothing that is out will be answered.
    pub(super) fn proposals_lost(&mut self, now: Time) {
        let lost: Vec<u64> = self.alters.out.iter().map(|&(correlation, ..)| correlation).collect();
        for correlation in lost {
            self.proposal_unanswered(now, correlation);
        }
    }

    fn retry_proposals(&mut self, now: Time) {
        if self.alters.retry_at.is_none() {
            self.alters.retry_at = Some(now + RETRY_AFTER);
            self.wake_alters(now + RETRY_AFTER);
        }
    }

    fn wake_alters(&mut self, at: Time) {
        self.outputs.push(BrokerOutput::Timer {
            at,
            timer: BrokerTimer::AlterPartition,
            cause: Seq::OUTSIDE,
        });
    }

    /// The timer of proposals: a retry is due, or nothing has come back for too long.
    pub(super) fn alters_wake<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        if self.alters.retry_at.is_some_and(|at| at <= cx.now) {
            self.alters.retry_at = None;
        }
        if !self.alters.out.is_empty() && self.alters.sent + SOCKET_TIMEOUT <= cx.now {
            self.hang_up_on_controller(cx);
        }
        self.send_proposals(cx);
    }
}
