//! ISR changes on their way to the controller and back (Kafka's `AlterPartitionManager`, `broker.md 3.5`).

use std::collections::{BTreeMap, BTreeSet};
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

/// The proposals of a broker, at most one a partition. Kafka puts all that wait into one request, and has one request out at a
/// time; here a request is one message a partition, and the next ones wait until all of them are answered.
#[derive(Clone, Debug, Default)]
pub(super) struct AlterPartitions {
    /// Waiting to be sent.
    unsent: Vec<Item>,
    /// Out, by the number of the message.
    out: BTreeMap<u64, Item>,
    /// The partitions with one of these.
    partitions: BTreeSet<u32>,
    /// When they were sent.
    sent: Time,
    /// After a failure: not before this time.
    retry_at: Option<Time>,
}

/// A proposal as it was made: sent again it is the same, whatever has come to the leader since (Kafka's `AlterPartitionItem`).
#[derive(Clone, Debug)]
struct Item {
    ix: u32,
    /// The proposal's number.
    number: u64,
    request: AlterPartitionRequest,
    /// Why it was proposed.
    why: Seq,
}

impl AlterPartitions {
    /// All is gone with the process.
    pub(super) fn clear(&mut self) {
        *self = AlterPartitions::default();
    }

    /// It waits to be sent.
    fn add(&mut self, item: Item) {
        self.partitions.insert(item.ix);
        self.unsent.push(item);
    }

    /// The one that this message was about is out no more.
    fn take(&mut self, correlation: u64) -> Option<Item> {
        let item = self.out.remove(&correlation)?;
        self.partitions.remove(&item.ix);
        Some(item)
    }

    pub(super) fn asked(&self, correlation: u64) -> bool {
        self.out.contains_key(&correlation)
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

    /// A new proposal goes to the controller as soon as none is out. As long as an older one of this partition has no answer it
    /// is given up at once (OPERATION_NOT_ATTEMPTED, `broker.md R25`): whoever made it makes it again.
    pub(super) fn submit_isr<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ix: u32, why: Seq) {
        if self.alters.partitions.contains(&ix) {
            return self.partitions[ix as usize].drop_proposal();
        }
        let number = self.next_correlation();
        if let Some(request) = self.proposal(ix, number) {
            self.alters.add(Item { ix, number, request, why });
        }
        self.send_proposals(cx);
    }

    fn send_proposals<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        if !self.alters.out.is_empty() || self.alters.retry_at.is_some() {
            return;
        }
        for item in std::mem::take(&mut self.alters.unsent) {
            let correlation = self.next_correlation();
            let broker_epoch = self.lifecycle.broker_epoch();
            let request = AlterPartitionRequest { broker_epoch, ..item.request.clone() };
            let (peer, request, cause) =
                (Peer::Controller, Request::AlterPartition(Arc::new(request)), item.why);
            self.outputs.push(BrokerOutput::Ask { peer, correlation, request, cause });
            self.alters.out.insert(correlation, item);
        }
        if !self.alters.out.is_empty() {
            self.alters.sent = cx.now;
            self.wake_alters(cx.now + SOCKET_TIMEOUT);
        }
    }

    /// The message for a partition's proposal, with the epochs that hold now: a member that has restarted by the time the message
    /// is sent is told by its broker epoch (KIP-903).
    fn proposal(&mut self, ix: u32, number: u64) -> Option<AlterPartitionRequest> {
        let (broker, broker_epoch) = (self.id, self.lifecycle.broker_epoch());
        let partition = &mut self.partitions[ix as usize];
        partition.leadership_mut()?.proposal.as_mut()?.number = Some(number);
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
        let Some(item) = self.alters.take(correlation) else { return };
        if answer.error == ErrorCode::StaleBrokerEpoch {
            self.alters.add(item);
            self.retry_proposals(cx.now);
        } else if self.is_current(&item) {
            match answer.error {
                ErrorCode::None => self.isr_committed(cx, item.ix, answer, cause),
                error => self.proposal_refused(item, error),
            }
        }
        self.send_proposals(cx);
    }

    /// An answer to a proposal that has been superseded is ignored.
    fn is_current(&self, item: &Item) -> bool {
        let leadership = self.partitions[item.ix as usize].leadership();
        let proposal = leadership.and_then(|leadership| leadership.proposal.as_ref());
        proposal.is_some_and(|proposal| proposal.number == Some(item.number))
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

    fn proposal_refused(&mut self, item: Item, error: ErrorCode) {
        match error {
            ErrorCode::IneligibleReplica => self.partitions[item.ix as usize].drop_proposal(),
            // The controller knows better: its word is on the way.
            ErrorCode::FencedLeaderEpoch
            | ErrorCode::InvalidUpdateVersion
            | ErrorCode::InvalidRequest
            | ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId => {}
            _ => self.alters.add(item),
        }
    }

    /// There will be no answer to a proposal: it is sent again.
    pub(super) fn proposal_unanswered(&mut self, now: Time, correlation: u64) {
        let Some(item) = self.alters.take(correlation) else { return };
        if self.config.broken.is(Mutant::ProposalDropped) {
            return self.partitions[item.ix as usize].drop_proposal();
        }
        self.alters.add(item);
        self.retry_proposals(now);
    }

    /// The connection to the controller is given up: nothing that is out will be answered.
    pub(super) fn proposals_lost(&mut self, now: Time) {
        let lost: Vec<u64> = self.alters.out.keys().copied().collect();
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
