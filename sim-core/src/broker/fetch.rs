//! Followers' fetches at the leader (`broker.md 3.3`): what they are given, and what the leader learns from them.

use std::sync::Arc;

use super::parked::ConsumerFetch;
use super::partition::Partition;
use super::sessions::{Entered, ParkedFetch};
use super::{Broker, Forced, Reply, Ticket};
use crate::mutant::Mutant;
use crate::protocol::{
    ErrorCode, FetchPartition, FetchRequest, FetchResponse, FetchedPartition, Few, Follower, Response,
};
use crate::record::{BrokerId, NO_OFFSET, TopicPartition};
use crate::time::Span;
use crate::trace::{Cx, Observer, Seq};

/// What one look at a follower's partition brought.
enum Look {
    Nothing,
    /// Records.
    Records(FetchedPartition),
    /// An error, or a divergence: answered at once.
    Urgent(FetchedPartition),
}

/// Lists that every fetch needs anew, kept for their memory; empty between two fetches.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    /// Partitions whose high watermark the follower is told, and that.
    told: Vec<(u32, i64)>,
    /// Partitions that are in the answer for more than that.
    read: Vec<u32>,
}

/// One pass over the partitions of a follower's fetch.
struct Pass {
    /// Whether it notes what the follower has (`broker.md 3.3` step 6).
    first: bool,
    /// Read so far.
    bytes: i64,
    cause: Seq,
}

impl Broker {
    /// Begins work on a fetch.
    pub(super) fn fetch<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ticket: Ticket,
        request: Arc<FetchRequest>,
        forced: Option<Forced>,
        cause: Seq,
    ) {
        let deadline = cx.now + Span::from_millis(i64::from(request.max_wait_ms));
        let Some(follower) = request.follower else {
            let fetch = ConsumerFetch { ticket, request, forced, deadline, cause };
            return self.serve_consumer(cx, fetch, cause);
        };
        let (min_bytes, max_bytes) = (i64::from(request.min_bytes), i64::from(request.max_bytes));
        let fetch = ParkedFetch { ticket, follower, min_bytes, max_bytes, deadline, cause };
        self.follower_fetch(cx, fetch, &request, forced);
    }

    fn follower_fetch<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        fetch: ParkedFetch,
        request: &FetchRequest,
        forced: Option<Forced>,
    ) {
        let follower = fetch.follower.broker;
        match self.enter_session(follower, &fetch.ticket, request.full, cx.now) {
            Entered::Session => {}
            Entered::Overtaken => return self.answer_fetch(fetch.ticket, Few::new(), fetch.cause),
            // Kafka says FETCH_SESSION_ID_NOT_FOUND: the follower begins anew either way.
            Entered::Unknown => return self.reply(fetch.ticket, Reply::Close, fetch.cause),
        }
        let mut urgent = Few::new();
        for asked in request.partitions.iter() {
            if asked.fetch_offset == NO_OFFSET {
                self.forget(follower, asked.tp);
            } else if let Err(error) = self.accept_fetch(follower, *asked) {
                // The follower delays it (broker.md R5), and asks anew after that: what was asked before counts no more.
                self.forget(follower, asked.tp);
                urgent.push(self.failed_fetch(asked, error));
            }
        }
        if let Some(forced) = forced {
            urgent.extend(self.refuse_fetch(cx, &fetch, forced));
        }
        self.serve_follower(cx, fetch, urgent, true, fetch.cause);
        if let Some(session) = &mut self.sessions[follower.0 as usize] {
            session.last_fetch = cx.now;
        }
    }

    /// `broker.md 3.3`, steps 1 and 2; what passes is part of the session.
    fn accept_fetch(&mut self, follower: BrokerId, asked: FetchPartition) -> Result<(), ErrorCode> {
        let ix = self.led(asked.tp, asked.current_leader_epoch)?;
        if self.take_in(follower, ix, asked) { Ok(()) } else { Err(ErrorCode::UnknownLeaderEpoch) }
    }

    /// The partition that is asked for, if this broker leads it in the asker's epoch (-1: in any).
    pub(super) fn led(&self, tp: TopicPartition, leader_epoch: i32) -> Result<u32, ErrorCode> {
        let ix = self.hosted(tp, leader_epoch)?;
        if self.partitions[ix as usize].leadership().is_none() {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        Ok(ix)
    }

    /// The same, whether it leads or follows.
    pub(super) fn hosted(&self, tp: TopicPartition, leader_epoch: i32) -> Result<u32, ErrorCode> {
        let Some(ix) = self.local(tp) else {
            let known = self.image.partition(tp).is_some();
            return Err(if known {
                ErrorCode::NotLeaderOrFollower
            } else {
                ErrorCode::UnknownTopicOrPartition
            });
        };
        self.check_leader_epoch(leader_epoch, &self.partitions[ix as usize])?;
        Ok(ix)
    }

    /// Looks at the active partitions of a follower's fetch; answers it, or parks it. The first look notes what the
    /// follower has (`broker.md 3.3` step 6), a later one only reads.
    pub(super) fn serve_follower<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        fetch: ParkedFetch,
        mut entries: Few<FetchedPartition>,
        first: bool,
        cause: Seq,
    ) {
        let follower = fetch.follower.broker;
        let at = follower.0 as usize;
        let Some(session) = &mut self.sessions[at] else { return };
        let mut active = std::mem::take(&mut session.active);
        let lost = std::mem::take(&mut session.lost);
        let Scratch { mut told, mut read } = std::mem::take(&mut self.scratch);
        // The high watermarks as they are before this fetch can move them (step 3).
        let partitions = &mut self.partitions;
        told.extend(session.hw_news.drain(..).map(|ix| {
            let partition = &mut partitions[ix as usize];
            clear_hw_news(partition, follower);
            (ix, partition.high_watermark())
        }));
        let mut urgent = !entries.is_empty() || !lost.is_empty();
        for asked in lost {
            let led = self.led(asked.tp, asked.current_leader_epoch);
            let error = led.err().unwrap_or(ErrorCode::NotLeaderOrFollower);
            entries.push(self.failed_fetch(&asked, error));
        }
        let mut pass = Pass { first, bytes: 0, cause };
        active.retain(|&ix| {
            match self.look(cx, &fetch, ix, &mut pass) {
                Look::Nothing => {}
                Look::Records(entry) => {
                    read.push(ix);
                    entries.push(entry);
                }
                Look::Urgent(entry) => {
                    urgent = true;
                    read.push(ix);
                    entries.push(entry);
                }
            }
            self.stays_listed(follower, ix)
        });
        // Who has been given something goes to the end of the line (broker.md R2).
        if pass.bytes >= fetch.max_bytes {
            active.sort_by_key(|ix| read.contains(ix));
        }
        if let Some(session) = &mut self.sessions[at] {
            active.append(&mut session.active);
            session.active = active;
        }
        if urgent || pass.bytes >= fetch.min_bytes || fetch.deadline <= cx.now {
            read.sort_unstable();
            for &(ix, high_watermark) in &told {
                if read.binary_search(&ix).is_err() {
                    entries.push(self.only_hw(ix, high_watermark));
                }
            }
            // Who has to cut its log first takes no high watermark from this answer: it is told again.
            for entry in entries.iter().filter(|entry| entry.diverging.is_some()) {
                if let Some(ix) = self.local(entry.tp) {
                    self.set_hw_news(follower, ix);
                }
            }
            self.answer_fetch(fetch.ticket, entries, cause);
        } else {
            for &(ix, _) in &told {
                self.set_hw_news(follower, ix);
            }
            self.park_follower(fetch);
        }
        told.clear();
        read.clear();
        self.scratch = Scratch { told, read };
    }

    /// `broker.md 3.3`, steps 3 to 8, for one partition of a session.
    fn look<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        fetch: &ParkedFetch,
        ix: u32,
        pass: &mut Pass,
    ) -> Look {
        let Follower { broker, broker_epoch } = fetch.follower;
        let partition = &self.partitions[ix as usize];
        let progress = partition.leadership().and_then(|leadership| leadership.follower(broker));
        let Some(asked) = progress.and_then(|progress| progress.asked) else { return Look::Nothing };
        let checked = self
            .check_leader_epoch(asked.current_leader_epoch, partition)
            .and_then(|()| self.check_broker_epoch(broker, broker_epoch))
            .and_then(|()| self.find_divergence(partition, &asked));
        let diverging = match checked {
            Ok(diverging) => diverging,
            Err(error) => {
                let last_fetch = self.sessions[broker.0 as usize].as_ref().map_or(cx.now, |s| s.last_fetch);
                self.leave_session(broker, ix, last_fetch);
                return Look::Urgent(self.failed_fetch(&asked, error));
            }
        };
        let mut entry = self.only_hw(ix, self.partitions[ix as usize].high_watermark());
        if diverging.is_some() {
            return Look::Urgent(FetchedPartition { diverging, ..entry });
        }
        let log = &self.partitions[ix as usize].log;
        let end = log.end_offset();
        let (limit, at_least_one) = (fetch.max_bytes - pass.bytes, pass.bytes == 0);
        if asked.fetch_offset < end && (limit > 0 || at_least_one) {
            let limit = limit.min(i64::from(asked.max_bytes));
            entry.batches = log.read(asked.fetch_offset, end, limit, at_least_one);
        }
        if pass.first {
            self.note_follower(cx, fetch.follower, ix, asked.fetch_offset, pass.cause);
        }
        if entry.batches.is_empty() {
            return Look::Nothing;
        }
        pass.bytes += bytes_of(&entry);
        Look::Records(entry)
    }

    /// `broker.md 3.3`, steps 6 to 8.
    fn note_follower<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        follower: Follower,
        ix: u32,
        offset: i64,
        cause: Seq,
    ) {
        let Follower { broker, broker_epoch } = follower;
        let partition = &mut self.partitions[ix as usize];
        let moved = partition.note_fetch(broker, offset, broker_epoch, cx.now);
        if !partition.isr().contains(&broker) {
            let rules = self.isr_rules(self.partitions[ix as usize].tp());
            if self.partitions[ix as usize].propose_expand(broker, &rules, &self.image) {
                self.submit_isr(cx, ix, cause);
            }
        }
        if moved {
            self.advance_hw(cx, ix, cause);
        }
    }

    /// `broker.md 3.3` step 1: both sides must be in the same leader epoch (KIP-320); -1: the asker does not say.
    fn check_leader_epoch(&self, leader_epoch: i32, partition: &Partition) -> Result<(), ErrorCode> {
        match (leader_epoch, partition.leader_epoch()) {
            _ if self.config.broken.is(Mutant::FetchEpochUnchecked) => Ok(()),
            (-1, _) => Ok(()),
            (asked, known) if asked < known => Err(ErrorCode::FencedLeaderEpoch),
            (asked, known) if asked > known => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(()),
        }
    }

    /// Where a follower's log parts from the leader's (`broker.md R30`).
    fn find_divergence(
        &self,
        partition: &Partition,
        asked: &FetchPartition,
    ) -> Result<Option<(i32, i64)>, ErrorCode> {
        let (log, offset) = (&partition.log, asked.fetch_offset);
        if asked.last_fetched_epoch >= 0 && !self.config.broken.is(Mutant::DivergenceUnchecked) {
            let ends = log.epochs().end_offset_for(asked.last_fetched_epoch, log.end_offset());
            let (epoch, end_offset) = ends.ok_or(ErrorCode::OffsetOutOfRange)?;
            if offset >= log.start_offset() && (epoch < asked.last_fetched_epoch || end_offset < offset) {
                return Ok(Some((epoch, end_offset)));
            }
        }
        if offset < log.start_offset() || offset > log.end_offset() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        Ok(None)
    }

    /// A rebooted follower's old fetches do not count (`broker.md R21`, 3.7; KIP-903).
    fn check_broker_epoch(&self, broker: BrokerId, broker_epoch: i64) -> Result<(), ErrorCode> {
        let known = self.image.broker(broker).map_or(-1, |known| known.broker_epoch);
        let checks =
            self.config.release.at_least(3, 5) && !self.config.broken.is(Mutant::BrokerEpochUnchecked);
        if checks && broker_epoch != -1 && broker_epoch < known {
            Err(ErrorCode::NotLeaderOrFollower)
        } else {
            Ok(())
        }
    }

    /// Whether a session goes on looking at a partition: as long as the follower lags, or is not in the ISR. If not, its
    /// fetches are known to find it caught up.
    fn stays_listed(&mut self, follower: BrokerId, ix: u32) -> bool {
        let partition = &mut self.partitions[ix as usize];
        let (end, in_isr) = (partition.log.end_offset(), partition.isr().contains(&follower));
        let progress = partition.leadership_mut().and_then(|leadership| leadership.follower_mut(follower));
        let Some(progress) = progress else { return false };
        progress.listed = progress.asked.is_some() && !(in_isr && progress.end_offset == end);
        progress.listed
    }

    /// A fault's answer to a follower's fetch, for all partitions that it covers or for one. With `append` it counts first.
    fn refuse_fetch<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        fetch: &ParkedFetch,
        forced: Forced,
    ) -> Few<FetchedPartition> {
        let follower = fetch.follower.broker;
        let mut refused = Few::new();
        for ix in 0..self.partitions.len() as u32 {
            let partition = &self.partitions[ix as usize];
            let progress = partition.leadership().and_then(|leadership| leadership.follower(follower));
            let meant = forced.tp.is_none_or(|tp| tp == partition.tp());
            let Some(asked) = progress.and_then(|progress| progress.asked).filter(|_| meant) else {
                continue;
            };
            if forced.append {
                self.note_follower(cx, fetch.follower, ix, asked.fetch_offset, fetch.cause);
            }
            self.leave_session(follower, ix, cx.now);
            refused.push(self.failed_fetch(&asked, forced.error));
        }
        refused
    }

    fn set_hw_news(&mut self, follower: BrokerId, ix: u32) {
        let leadership = self.partitions[ix as usize].leadership_mut();
        let progress = leadership.and_then(|leadership| leadership.follower_mut(follower));
        let Some(progress) = progress.filter(|progress| progress.asked.is_some() && !progress.hw_news) else {
            return;
        };
        progress.hw_news = true;
        if let Some(session) = &mut self.sessions[follower.0 as usize] {
            session.hw_news.push(ix);
        }
    }

    pub(super) fn only_hw(&self, ix: u32, high_watermark: i64) -> FetchedPartition {
        let partition = &self.partitions[ix as usize];
        FetchedPartition {
            tp: partition.tp(),
            high_watermark,
            log_start_offset: partition.log.start_offset(),
            ..FetchedPartition::default()
        }
    }

    /// An error's entry.
    pub(super) fn failed_fetch(&self, asked: &FetchPartition, error: ErrorCode) -> FetchedPartition {
        FetchedPartition {
            tp: asked.tp,
            error,
            leader_hint: self.leader_hint(asked.tp, error),
            high_watermark: NO_OFFSET,
            log_start_offset: NO_OFFSET,
            ..FetchedPartition::default()
        }
    }

    pub(super) fn answer_fetch(&mut self, ticket: Ticket, partitions: Few<FetchedPartition>, cause: Seq) {
        let has_data = partitions
            .iter()
            .any(|entry| entry.error.is_error() || entry.diverging.is_some() || !entry.batches.is_empty());
        self.answer_to(ticket, Response::Fetch(Arc::new(FetchResponse { partitions, has_data })), cause);
    }

    fn park_follower(&mut self, fetch: ParkedFetch) {
        if let Some(session) = &mut self.sessions[fetch.follower.broker.0 as usize] {
            session.parked = Some(fetch);
            session.woken = None;
        }
        self.watch_parked(fetch.deadline);
    }
}

fn clear_hw_news(partition: &mut Partition, follower: BrokerId) {
    let leadership = partition.leadership_mut();
    if let Some(progress) = leadership.and_then(|leadership| leadership.follower_mut(follower)) {
        progress.hw_news = false;
    }
}

pub(super) fn bytes_of(entry: &FetchedPartition) -> i64 {
    entry.batches.iter().map(|stored| i64::from(stored.batch.bytes)).sum()
}
