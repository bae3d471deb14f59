//! What a follower does with the answer to its fetch: append, follow the high watermark, truncate (`broker.md R5` to R8,
//! R15, R31, R32; R33 is [`super::range`]'s).

use std::sync::Arc;

use super::fetcher::Exchange;
use super::{Broker, BrokerOutput, BrokerTimer, Interrupted};
use crate::mutant::Mutant;
use crate::protocol::{ErrorCode, FetchResponse, FetchedPartition};
use crate::record::{BrokerId, StoredBatch};
use crate::time::Span;
use crate::trace::{Cx, Event, Observer, Seq};

/// An answer that is being dealt with, partition after partition, so that a fault can step in after each.
#[derive(Clone, Debug)]
pub(super) struct FetchAnswer {
    leader: BrokerId,
    response: Arc<FetchResponse>,
    next: usize,
    cause: Seq,
}

impl Broker {
    /// The answer to a fetch has come.
    pub(super) fn fetch_answered<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        leader: BrokerId,
        response: Arc<FetchResponse>,
        cause: Seq,
    ) {
        if self.fetches_blocked {
            return self.drop_answer(leader);
        }
        let fetcher = &mut self.fetchers[leader.0 as usize];
        fetcher.outstanding = None;
        fetcher.busy = true;
        let appends = response.partitions.iter().filter(|fetched| !fetched.batches.is_empty()).count();
        let answer = FetchAnswer { leader, response, next: 0, cause };
        let writing = self.connections.draw_disk_time(appends, cx.chance);
        if writing == Span::ZERO {
            return self.go_on_with_answer(cx, answer);
        }
        let at = cx.now + writing;
        self.fetchers[leader.0 as usize].writing = Some((at, answer));
        self.outputs.push(BrokerOutput::Timer { at, timer: BrokerTimer::Written { leader }, cause });
    }

    /// A slow disk has taken in what an answer brought.
    pub(super) fn fetched_is_written<O: Observer>(&mut self, cx: &mut Cx<'_, O>, leader: BrokerId) {
        let fetcher = self.fetchers.get_mut(leader.0 as usize);
        let written = fetcher.and_then(|fetcher| fetcher.writing.take_if(|(at, _)| *at <= cx.now));
        if let Some((_, answer)) = written {
            self.go_on_with_answer(cx, answer);
        }
    }

    /// Partition after partition; stops where a fault steps in, to go on when that is in effect. Then the next fetch.
    pub(super) fn go_on_with_answer<O: Observer>(&mut self, cx: &mut Cx<'_, O>, mut answer: FetchAnswer) {
        let FetchAnswer { leader, cause, .. } = answer;
        let response = Arc::clone(&answer.response);
        while let Some(fetched) = response.partitions.get(answer.next) {
            if cx.interrupted() {
                return self.interrupt(cx, Interrupted::FetchAnswer(answer));
            }
            self.take_fetched(cx, leader, fetched, cause);
            answer.next += 1;
        }
        if cx.interrupted() {
            return self.interrupt(cx, Interrupted::FetchAnswer(answer));
        }
        let fetcher = self.fetcher(leader);
        fetcher.busy = false;
        if fetcher.out_of_range.is_empty() || fetcher.outstanding.is_some() {
            self.maybe_fetch(cx, leader, cause);
        } else {
            self.ask_for_range(cx.now, leader, Exchange::LogEnds, cause);
        }
    }

    fn take_fetched<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        leader: BrokerId,
        fetched: &FetchedPartition,
        cause: Seq,
    ) {
        let Some(ix) = self.local(fetched.tp) else { return };
        let partition = &self.partitions[ix as usize];
        // broker.md R7: what has changed since the fetch was sent makes the answer worthless.
        let now = (partition.log.end_offset(), partition.leader_epoch());
        let told = partition.following().and_then(|following| following.told);
        let stale = told != Some(now) && !self.config.broken.is(Mutant::StaleResponseTaken);
        if partition.leader() != Some(leader) || stale {
            return;
        }
        match fetched.error {
            ErrorCode::None => match fetched.diverging {
                Some((epoch, end_offset)) => self.truncate_diverging(cx, ix, epoch, end_offset, cause),
                // Before 2.1 logs may have parted with their batches cut differently (broker.md T1). Nothing can be appended then
                // (Kafka: an offset below the log end is out of order).
                None if fetched.batches.first().is_some_and(|first| first.base_offset != now.0) => {
                    return self.give_up(cx.now, leader, ix);
                }
                None => self.append_fetched(cx, leader, ix, fetched, cause),
            },
            ErrorCode::OffsetOutOfRange => return self.fetcher(leader).out_of_range.push(ix),
            // broker.md R6: the follower itself is behind.
            ErrorCode::FencedLeaderEpoch => return self.back_off(cx.now, leader, ix, true),
            _ => {
                let forever = self.config.broken.is(Mutant::FetchGivenUp);
                return self.back_off(cx.now, leader, ix, forever);
            }
        }
        let after = self.partitions[ix as usize].log.end_offset();
        if after != now.0 || fetched.diverging.is_some() {
            self.tell_leader(leader, ix);
        }
    }

    /// `broker.md R8`, then R15.
    fn append_fetched<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        leader: BrokerId,
        ix: u32,
        fetched: &FetchedPartition,
        cause: Seq,
    ) {
        let config = &self.topic_configs[fetched.tp.topic.0 as usize];
        let partition = &mut self.partitions[ix as usize];
        let mut last = cause;
        if let Some(first) = fetched.batches.first() {
            let mut rolled = false;
            for stored in &fetched.batches {
                rolled |= partition.append(stored.clone(), config);
            }
            let log_end_offset = partition.log.end_offset();
            let flushes = log_end_offset - partition.log.flushed_offset() >= config.flush_messages;
            last = cx.emit(cause, || Event::Replicated {
                broker: self.id,
                leader,
                topic: fetched.tp.topic,
                partition: fetched.tp.partition,
                base_offset: first.base_offset,
                records: records_of(&fetched.batches),
                log_end_offset,
            });
            if rolled {
                self.report_flush(cx, ix, last);
            }
            if flushes {
                self.flush_partition(cx, ix, last);
            }
        }
        let partition = &mut self.partitions[ix as usize];
        let ahead = self.config.broken.is(Mutant::HwUnclamped) && partition.raise_hw(fetched.high_watermark);
        if ahead || partition.follow_hw(fetched.high_watermark) {
            let risen = self.report_hw(cx, ix, last);
            self.wake_consumers(ix, risen);
        }
        self.partitions[ix as usize].advance_start(fetched.log_start_offset);
    }

    /// `broker.md R31`: back to where both logs agree, as far as one answer can tell.
    fn truncate_diverging<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ix: u32,
        epoch: i32,
        end_offset: i64,
        cause: Seq,
    ) {
        let log = &self.partitions[ix as usize].log;
        let to = match log.epochs().end_offset_for(epoch, log.end_offset()) {
            Some((own_epoch, own_end)) if own_epoch == epoch => own_end.min(end_offset),
            Some((_, own_end)) => own_end,
            None => end_offset,
        };
        self.truncate(cx, ix, to.min(self.partitions[ix as usize].log.end_offset()), cause);
    }

    /// Cuts a log, and says so.
    pub(super) fn truncate<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ix: u32, to: i64, cause: Seq) {
        let expiration_ms = self.config.producer_id_expiration_ms;
        let partition = &mut self.partitions[ix as usize];
        let from = partition.log.end_offset();
        let kept = self.config.broken.is(Mutant::EpochsKept).then(|| partition.log.epochs().clone());
        partition.truncate_to(to, cx.now.millis(), expiration_ms);
        kept.into_iter().for_each(|kept| *partition.log.epochs_mut() = kept);
        if to < from {
            self.report_truncation(cx, ix, from, cause);
        }
    }

    pub(super) fn report_truncation<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ix: u32,
        from: i64,
        cause: Seq,
    ) {
        let partition = &self.partitions[ix as usize];
        let (tp, to) = (partition.tp(), partition.log.end_offset());
        cx.emit(cause, || Event::Truncated {
            broker: self.id,
            topic: tp.topic,
            partition: tp.partition,
            from,
            to,
        });
    }
}

fn records_of(batches: &[StoredBatch]) -> u32 {
    batches.iter().map(|stored| stored.batch.records.len()).sum()
}
