//! A follower whose fetch offset is not in the leader's log (`broker.md R33`; Kafka's `fetchOffsetAndTruncate`): it asks by
//! ListOffsets where that log ends and, if not before its own, where it begins.

use std::sync::Arc;

use super::Broker;
use super::fetcher::Exchange;
use crate::protocol::{ErrorCode, ListOffsetsRequest, ListOffsetsResponse, OffsetToList, Request};
use crate::record::BrokerId;
use crate::time::Time;
use crate::trace::{Cx, Observer, Seq};

impl Broker {
    /// Asks for one end of the leader's logs of all partitions that are out of range.
    pub(super) fn ask_for_range(&mut self, now: Time, leader: BrokerId, what: Exchange, cause: Seq) {
        // Leader epochs are checked from 2.1 on (KIP-320).
        let names_epoch = self.config.release.at_least(2, 1);
        let timestamp = if what == Exchange::LogEnds { OffsetToList::LATEST } else { OffsetToList::EARLIEST };
        let asked = std::mem::take(&mut self.fetcher(leader).out_of_range);
        let to_list = |&ix: &u32| {
            let partition = &self.partitions[ix as usize];
            let current_leader_epoch = if names_epoch { partition.leader_epoch() } else { -1 };
            OffsetToList { tp: partition.tp(), current_leader_epoch, timestamp }
        };
        let partitions = asked.iter().map(to_list).collect();
        self.fetcher(leader).out_of_range = asked;
        let request = Request::ListOffsets(Arc::new(ListOffsetsRequest { follower: true, partitions }));
        self.ask_leader(now, leader, what, request, cause);
    }

    /// The answer has come. A log that ends behind the leader's is cut there, one that ends before the leader's begins starts
    /// anew where that begins; all others are fetched as they are.
    pub(super) fn range_answered<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        leader: BrokerId,
        response: &ListOffsetsResponse,
        cause: Seq,
    ) {
        if self.fetches_blocked {
            return self.drop_answer(leader);
        }
        let fetcher = self.fetcher(leader);
        let what = fetcher.outstanding.take().map(|outstanding| outstanding.what);
        for listed in &response.partitions {
            let asked = self.local(listed.tp).filter(|ix| self.fetcher(leader).out_of_range.contains(ix));
            let Some(ix) = asked else { continue };
            let own_end = self.partitions[ix as usize].log.end_offset();
            if listed.error.is_error() {
                self.fetcher(leader).out_of_range.retain(|&asked| asked != ix);
                self.back_off(cx.now, leader, ix, listed.error == ErrorCode::FencedLeaderEpoch);
                continue;
            }
            if what == Some(Exchange::LogEnds) {
                if listed.offset >= own_end {
                    continue;
                }
                self.truncate(cx, ix, listed.offset, cause);
            } else if listed.offset > own_end {
                self.partitions[ix as usize].restart_at(listed.offset);
                self.report_truncation(cx, ix, own_end, cause);
            }
            self.fetcher(leader).out_of_range.retain(|&asked| asked != ix);
            self.tell_leader(leader, ix);
        }
        if self.fetcher(leader).out_of_range.is_empty() {
            self.maybe_fetch(cx, leader, cause);
        } else {
            self.ask_for_range(cx.now, leader, Exchange::LogStarts, cause);
        }
    }

    /// There will be no answer: those partitions wait (`broker.md R5`), all others are fetched. Whether the connection took a
    /// fetch session with it is not known.
    pub(super) fn range_failed(&mut self, now: Time, leader: BrokerId) {
        let fetcher = self.fetcher(leader);
        fetcher.broken = true;
        for ix in std::mem::take(&mut fetcher.out_of_range) {
            self.back_off(now, leader, ix, false);
        }
        self.send_fetch(now, leader, Seq::OUTSIDE);
    }
}
