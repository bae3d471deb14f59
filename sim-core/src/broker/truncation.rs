//! How a follower finds out before 2.7 where its log parts from the leader's (`broker.md R29`, R31): in a new leader epoch it
//! asks by OffsetsForLeaderEpoch, cuts its log, and only then fetches (KIP-101; with the epoch in the answer from 2.0 on,
//! KIP-279). From 2.7 on the fetch itself tells it ([`super::follower`]).

use std::sync::Arc;

use super::fetcher::Exchange;
use super::{Broker, Interrupted};
use crate::protocol::{
    EpochEnd, EpochToLookUp, ErrorCode, OffsetsForLeaderEpochRequest, OffsetsForLeaderEpochResponse, Request,
};
use crate::record::BrokerId;
use crate::time::Time;
use crate::trace::{Cx, Observer, Seq};

/// An answer that is being dealt with, partition after partition, so that a fault can step in after each.
#[derive(Clone, Debug)]
pub(super) struct EpochAnswer {
    leader: BrokerId,
    response: Arc<OffsetsForLeaderEpochResponse>,
    next: usize,
    cause: Seq,
}

impl Broker {
    /// Whether a replica that follows in a new epoch has to ask before it fetches. A log without an epoch is empty: there
    /// is nothing to cut.
    pub(super) fn truncates_first(&self, ix: u32) -> bool {
        let epochs = self.partitions[ix as usize].log.epochs();
        !self.config.release.at_least(2, 7) && epochs.latest().is_some()
    }

    /// Asks where the latest epochs of all logs that wait for it end at the leader.
    pub(super) fn ask_for_epochs(&mut self, now: Time, leader: BrokerId, cause: Seq) {
        // Leader epochs are checked from 2.1 on (KIP-320).
        let names_epoch = self.config.release.at_least(2, 1);
        let asked = self.fetcher(leader).truncating.clone();
        let look_up = |&ix: &u32| {
            let partition = &self.partitions[ix as usize];
            EpochToLookUp {
                tp: partition.tp(),
                current_leader_epoch: if names_epoch { partition.leader_epoch() } else { -1 },
                leader_epoch: partition.log.epochs().latest().unwrap_or(-1),
            }
        };
        let partitions = asked.iter().map(look_up).collect();
        self.fetcher(leader).asked_epochs = asked;
        let request = Request::OffsetsForLeaderEpoch(OffsetsForLeaderEpochRequest { partitions });
        self.ask_leader(now, leader, Exchange::Epochs, request, cause);
    }

    /// The answer has come.
    pub(super) fn epochs_answered<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        leader: BrokerId,
        response: Arc<OffsetsForLeaderEpochResponse>,
        cause: Seq,
    ) {
        if self.fetches_blocked {
            return self.drop_answer(leader);
        }
        let fetcher = self.fetcher(leader);
        fetcher.outstanding = None;
        fetcher.busy = true;
        self.go_on_with_epochs(cx, EpochAnswer { leader, response, next: 0, cause });
    }

    /// Partition after partition; stops where a fault steps in, to go on when that is in effect. Then a fetch of those that
    /// are ready: who has to ask once more does so in the thread's next turn.
    pub(super) fn go_on_with_epochs<O: Observer>(&mut self, cx: &mut Cx<'_, O>, mut answer: EpochAnswer) {
        let EpochAnswer { leader, cause, .. } = answer;
        let response = Arc::clone(&answer.response);
        while let Some(end) = response.partitions.get(answer.next) {
            if cx.interrupted() {
                return self.interrupt(cx, Interrupted::EpochAnswer(answer));
            }
            self.take_epoch_end(cx, leader, end, cause);
            answer.next += 1;
        }
        if cx.interrupted() {
            return self.interrupt(cx, Interrupted::EpochAnswer(answer));
        }
        let fetcher = self.fetcher(leader);
        fetcher.busy = false;
        fetcher.asked_epochs.clear();
        self.send_fetch(cx.now, leader, cause);
    }

    fn take_epoch_end<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        leader: BrokerId,
        end: &EpochEnd,
        cause: Seq,
    ) {
        let asked = self.local(end.tp).filter(|ix| self.fetcher(leader).asked_epochs.contains(ix));
        let Some(ix) = asked else { return };
        match end.error {
            ErrorCode::None => {}
            // broker.md R6: the follower itself is behind.
            ErrorCode::FencedLeaderEpoch => return self.back_off(cx.now, leader, ix, true),
            _ => return self.back_off(cx.now, leader, ix, false),
        }
        let (to, done) = self.cut_for(ix, end);
        self.truncate(cx, ix, to.min(self.partitions[ix as usize].log.end_offset()), cause);
        if done {
            self.end_truncating(leader, ix);
        }
    }

    /// Where to cut, and whether that settles it (`broker.md R31`). An end that is not defined leaves what is committed as
    /// far as the follower knows; an answer without an epoch (before 2.0) is taken as it is.
    fn cut_for(&self, ix: u32, end: &EpochEnd) -> (i64, bool) {
        let partition = &self.partitions[ix as usize];
        if end.end_offset < 0 {
            return (partition.high_watermark(), true);
        }
        if end.leader_epoch < 0 {
            return (end.end_offset, true);
        }
        let log = &partition.log;
        match log.epochs().end_offset_for(end.leader_epoch, log.end_offset()) {
            Some((own_epoch, own_end)) if own_epoch == end.leader_epoch => {
                (own_end.min(end.end_offset), true)
            }
            Some((_, own_end)) => (own_end, false),
            None => (end.end_offset, true),
        }
    }

    /// There will be no answer: those logs wait (`broker.md R5`), all others are fetched. Whether the connection took a fetch
    /// session with it is not known.
    pub(super) fn epochs_failed(&mut self, now: Time, leader: BrokerId) {
        let fetcher = self.fetcher(leader);
        fetcher.broken = true;
        for ix in std::mem::take(&mut fetcher.asked_epochs) {
            self.back_off(now, leader, ix, false);
        }
        self.send_fetch(now, leader, Seq::OUTSIDE);
    }
}
