//! Produce requests: validation, the leader's append, and the three ways to be answered (`broker.md 1`).

use std::sync::Arc;

use super::leadership::IsrRules;
use super::partition::ProduceWaiter;
use super::purgatory::ParkedProduce;
use super::validation::{Admission, admit};
use super::{Broker, BrokerOutput, BrokerTimer, Forced, Interrupted, Reply, Ticket};
use crate::config::TimestampType;
use crate::mutant::Mutant;
use crate::protocol::{ErrorCode, LeaderHint, PartitionResult, ProduceRequest, ProduceResponse, Response};
use crate::record::{NO_OFFSET, RecordBatch, StoredBatch, TopicPartition};
use crate::time::Span;
use crate::trace::{Cx, Event, Observer, Seq};

/// A produce request in work: batch after batch, so that a fault can step in after each.
#[derive(Clone, Debug)]
pub(super) struct ProduceWork {
    ticket: Ticket,
    request: Arc<ProduceRequest>,
    forced: Option<Forced>,
    /// The delivery.
    cause: Seq,
    results: Vec<PartitionResult>,
    /// What acks=all has to wait for.
    waits: Vec<Wait>,
    /// Appended last, its high watermark not looked at yet.
    appended: Option<u32>,
    /// The last event of this work.
    last: Seq,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    /// Place of the batch in the request.
    pub(super) at: u32,
    partition: u32,
    required_offset: i64,
}

/// A batch that is in the log, newly or since an earlier attempt.
struct Stored {
    partition: u32,
    base_offset: i64,
    next_offset: i64,
    log_append_time: i64,
}

/// A batch that is not.
struct Refused {
    error: ErrorCode,
    records: Vec<u32>,
}

impl From<ErrorCode> for Refused {
    fn from(error: ErrorCode) -> Refused {
        Refused { error, records: Vec::new() }
    }
}

impl Broker {
    /// Begins work on a produce request.
    pub(super) fn produce<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ticket: Ticket,
        request: Arc<ProduceRequest>,
        forced: Option<Forced>,
        cause: Seq,
    ) {
        let results = Vec::with_capacity(request.batches.len());
        let waits = if request.acks == -1 { Vec::with_capacity(request.batches.len()) } else { Vec::new() };
        let (appended, last) = (None, cause);
        self.go_on_with_produce(
            cx,
            ProduceWork { ticket, request, forced, cause, results, waits, appended, last },
        );
    }

    /// Batch after batch; stops where a fault steps in, to go on when that is in effect.
    pub(super) fn go_on_with_produce<O: Observer>(&mut self, cx: &mut Cx<'_, O>, mut work: ProduceWork) {
        loop {
            if cx.interrupted() {
                return self.interrupt(cx, Interrupted::Produce(work));
            }
            if let Some(partition) = work.appended.take() {
                self.advance_hw(cx, partition, work.last);
                continue;
            }
            let Some(batch) = work.request.batches.get(work.results.len()) else { break };
            let batch = Arc::clone(batch);
            let result = self.produce_batch(cx, &mut work, &batch);
            work.results.push(result);
        }
        self.finish_produce(cx, work);
    }

    fn produce_batch<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        work: &mut ProduceWork,
        batch: &Arc<RecordBatch>,
    ) -> PartitionResult {
        let forced = work.forced.filter(|forced| forced.tp.is_none_or(|tp| tp == batch.tp));
        let outcome = match forced {
            Some(Forced { append: false, error, .. }) => Err(error.into()),
            _ => self.append_batch(cx, work, batch),
        };
        let outcome = match outcome {
            Ok(_) if self.refuses_late(work.request.acks, batch.tp) => {
                Err(ErrorCode::NotEnoughReplicas.into())
            }
            outcome => outcome,
        };
        if let Err(Refused { error, .. }) = &outcome {
            work.last = cx.emit(work.cause, || Event::AppendRefused {
                broker: self.id,
                topic: batch.tp.topic,
                partition: batch.tp.partition,
                producer: batch.batch.producer,
                batch: batch.batch,
                error: *error,
            });
        }
        let ordered = forced.map(|forced| forced.error);
        match outcome {
            Ok(stored) => {
                // broker.md P13: with acks=all an error after the append comes when the wait is over.
                if work.request.acks == -1 {
                    let (at, required_offset) = (work.results.len() as u32, stored.next_offset);
                    work.waits.push(Wait { at, partition: stored.partition, required_offset });
                }
                if let Some(error) = ordered {
                    return self.failed(batch.tp, batch, error);
                }
                PartitionResult {
                    tp: batch.tp,
                    batch: batch.batch,
                    error: ErrorCode::None,
                    base_offset: stored.base_offset,
                    log_append_time: stored.log_append_time,
                    log_start_offset: self.partitions[stored.partition as usize].log.start_offset(),
                    record_errors: Vec::new(),
                    leader_hint: None,
                }
            }
            Err(refused) => {
                let refused = ordered.map_or(refused, Refused::from);
                PartitionResult {
                    record_errors: refused.records,
                    ..self.failed(batch.tp, batch, refused.error)
                }
            }
        }
    }

    /// Whether a mutant refuses what it has appended.
    fn refuses_late(&self, acks: i16, tp: TopicPartition) -> bool {
        let under_min_isr = |ix| self.partitions[ix as usize].is_under_min_isr(&self.isr_rules(tp));
        self.config.broken.is(Mutant::RefusedAfterAppend)
            && acks == -1
            && self.local(tp).is_some_and(under_min_isr)
    }

    fn failed(&self, tp: TopicPartition, batch: &RecordBatch, error: ErrorCode) -> PartitionResult {
        let mut result = PartitionResult { tp, batch: batch.batch, ..PartitionResult::default() };
        fail(&mut result, error, self.leader_hint(tp, error));
        result
    }

    /// The checks of `broker.md 1.2` in their order, then the append (1.6).
    fn append_batch<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        work: &mut ProduceWork,
        batch: &Arc<RecordBatch>,
    ) -> Result<Stored, Refused> {
        let tp = batch.tp;
        let config = self.topic_configs.get(tp.topic.0 as usize);
        let Some(config) = config.filter(|_| self.image.partition(tp).is_some()) else {
            return Err(ErrorCode::UnknownTopicOrPartition.into());
        };
        if !matches!(work.request.acks, -1..=1) {
            return Err(ErrorCode::InvalidRequiredAcks.into());
        }
        let Some(ix) = self.local(tp) else { return Err(ErrorCode::NotLeaderOrFollower.into()) };
        let partition = &mut self.partitions[ix as usize];
        if partition.leadership().is_none() {
            return Err(ErrorCode::NotLeaderOrFollower.into());
        }
        let broken = self.config.broken;
        let refuses = work.request.acks == -1 && !broken.is(Mutant::RefusedAfterAppend);
        if refuses && partition.is_under_min_isr(&IsrRules::new(&self.config, config)) {
            return Err(ErrorCode::NotEnoughReplicas.into());
        }
        let now_ms = cx.now.millis();
        let admission = admit(partition, batch, config, self.config.release, now_ms);
        match admission {
            Admission::Append if work.request.acks == 1 && broken.is(Mutant::AnsweredBeforeAppend) => {
                let end = partition.log.end_offset();
                Ok(Stored { partition: ix, base_offset: end, next_offset: end, log_append_time: -1 })
            }
            Admission::Refuse { .. } | Admission::Duplicate(_) if broken.is(Mutant::SequencesUnchecked) => {
                Ok(self.append_to_leader(cx, work, ix, batch))
            }
            Admission::Refuse { error, records } => Err(Refused { error, records }),
            Admission::Duplicate(original) => {
                let original = match partition.producers.get(batch.producer_id) {
                    Some(state) if broken.is(Mutant::LastSequenceOnly) => {
                        state.batches().last().copied().unwrap_or(original)
                    }
                    _ => original,
                };
                let (leader_epoch, log_end_offset) = (partition.leader_epoch(), partition.log.end_offset());
                work.last = cx.emit(work.cause, || Event::AppendDuplicate {
                    broker: self.id,
                    topic: tp.topic,
                    partition: tp.partition,
                    leader_epoch,
                    base_offset: original.base_offset,
                    records: batch.records.len(),
                    bytes: batch.bytes,
                    producer: batch.batch.producer,
                    batch: batch.batch,
                    producer_id: batch.producer_id,
                    producer_epoch: batch.producer_epoch,
                    base_sequence: batch.base_sequence,
                    log_end_offset,
                });
                Ok(Stored {
                    partition: ix,
                    base_offset: original.base_offset,
                    next_offset: original.last_offset + 1,
                    log_append_time: original.log_append_time,
                })
            }
            Admission::Append => Ok(self.append_to_leader(cx, work, ix, batch)),
            Admission::Recompress(kept) => Ok(self.append_to_leader(cx, work, ix, &kept)),
        }
    }

    fn append_to_leader<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        work: &mut ProduceWork,
        ix: u32,
        batch: &Arc<RecordBatch>,
    ) -> Stored {
        let tp = batch.tp;
        let config = &self.topic_configs[tp.topic.0 as usize];
        let stamped = config.timestamp_type == TimestampType::LogAppendTime;
        let log_append_time = if stamped { cx.now.millis() } else { -1 };
        let partition = &mut self.partitions[ix as usize];
        let (leader_epoch, base_offset) = (partition.leader_epoch(), partition.log.end_offset());
        let late = self.config.broken.is(Mutant::OldEpochStamped) && base_offset % 2 == 1;
        let leader_epoch = leader_epoch - i32::from(late);
        let stored = StoredBatch { base_offset, leader_epoch, log_append_time, batch: Arc::clone(batch) };
        let next_offset = stored.next_offset();
        let again = self.config.broken.is(Mutant::AppendedTwice);
        let again = again.then(|| StoredBatch { base_offset: next_offset, ..stored.clone() });
        let rolled = partition.append(stored, config);
        if let Some(again) = again {
            partition.append(again, config);
        }
        let flushes = next_offset - partition.log.flushed_offset() >= config.flush_messages;
        work.last = cx.emit(work.cause, || Event::Append {
            broker: self.id,
            topic: tp.topic,
            partition: tp.partition,
            leader_epoch,
            base_offset,
            records: batch.records.len(),
            bytes: batch.bytes,
            producer: batch.batch.producer,
            batch: batch.batch,
            producer_id: batch.producer_id,
            producer_epoch: batch.producer_epoch,
            base_sequence: batch.base_sequence,
            log_end_offset: next_offset,
        });
        work.appended = Some(ix);
        if rolled {
            self.report_flush(cx, ix, work.last);
        }
        if flushes {
            self.flush_partition(cx, ix, work.last);
        }
        self.note_append(ix, base_offset, work.last);
        Stored { partition: ix, base_offset, next_offset, log_append_time }
    }

    /// Every batch has its result, or waits: `broker.md 1.3`.
    fn finish_produce<O: Observer>(&mut self, cx: &mut Cx<'_, O>, mut work: ProduceWork) {
        let failed = work.results.iter().any(|result| result.error.is_error());
        match work.request.acks {
            0 if failed => self.reply(work.ticket, Reply::Close, work.last),
            0 => self.reply(work.ticket, Reply::Nothing, work.last),
            -1 => {
                self.settle_at_once(&mut work);
                if work.waits.is_empty() {
                    self.answer_produce(work.ticket, work.results, work.last);
                } else {
                    self.park_produce(cx, work);
                }
            }
            _ => self.answer_produce(work.ticket, work.results, work.last),
        }
    }

    /// What the high watermark covers already need not be waited for.
    fn settle_at_once(&mut self, work: &mut ProduceWork) {
        let ProduceWork { waits, results, .. } = work;
        waits.retain(|wait| match self.settled(wait.partition, wait.required_offset) {
            None => true,
            Some(error) => {
                fail(&mut results[wait.at as usize], error, None);
                false
            }
        });
    }

    fn settled(&self, ix: u32, required_offset: i64) -> Option<ErrorCode> {
        let partition = &self.partitions[ix as usize];
        let required_offset =
            if self.config.broken.is(Mutant::AnsweredFromLogEnd) { 0 } else { required_offset };
        if partition.leadership().is_none() {
            return Some(ErrorCode::NotLeaderOrFollower);
        }
        partition.settled(required_offset, &self.isr_rules(partition.tp()))
    }

    fn park_produce<O: Observer>(&mut self, cx: &mut Cx<'_, O>, work: ProduceWork) {
        let parked = self.purgatory.next_place();
        for &Wait { at, partition, required_offset } in &work.waits {
            let waiter = ProduceWaiter { required_offset, parked, at };
            self.partitions[partition as usize].produce_waiters.push(waiter);
        }
        let alarm = self.purgatory.park(ParkedProduce {
            ticket: work.ticket,
            results: work.results,
            waits: work.waits,
            deadline: cx.now + Span::from_millis(i64::from(work.request.timeout_ms)),
            cause: work.last,
        });
        if let Some(at) = alarm {
            self.outputs.push(BrokerOutput::Timer { at, timer: BrokerTimer::Purgatory, cause: work.cause });
        }
    }

    /// The high watermark of a partition has risen: only its own waiters are looked at (`broker.md P10`).
    pub(super) fn complete_produce(&mut self, ix: u32, cause: Seq) {
        if self.partitions[ix as usize].produce_waiters.is_empty() {
            return;
        }
        let mut waiters = std::mem::take(&mut self.partitions[ix as usize].produce_waiters);
        waiters.retain(|waiter| match self.settled(ix, waiter.required_offset) {
            None => true,
            Some(error) => {
                self.settle_waiter(waiter, error, cause);
                false
            }
        });
        self.partitions[ix as usize].produce_waiters = waiters;
    }

    /// The leadership has gone: whoever waits for it here waits in vain (`broker.md P9`, F12).
    pub(super) fn fail_produce(&mut self, ix: u32, cause: Seq) {
        for waiter in std::mem::take(&mut self.partitions[ix as usize].produce_waiters) {
            self.settle_waiter(&waiter, ErrorCode::NotLeaderOrFollower, cause);
        }
    }

    fn settle_waiter(&mut self, waiter: &ProduceWaiter, error: ErrorCode, cause: Seq) {
        let hint = |tp| self.leader_hint(tp, error);
        let hint = self.purgatory.partition_of(waiter.parked, waiter.at).and_then(hint);
        let done = self.purgatory.settle(waiter.parked, waiter.at, |result| fail(result, error, hint));
        if let Some(done) = done {
            self.answer_produce(done.ticket, done.results, cause);
        }
    }

    /// The timer of the purgatory: what is not settled in time is REQUEST_TIMED_OUT (`broker.md P11`).
    pub(super) fn expire_produce<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        if !self.purgatory.rings(cx.now) {
            return;
        }
        for place in self.purgatory.places(|parked| parked.deadline <= cx.now) {
            if let Some(mut parked) = self.unpark_produce(place) {
                for wait in &parked.waits {
                    fail(&mut parked.results[wait.at as usize], ErrorCode::RequestTimedOut, None);
                }
                self.answer_produce(parked.ticket, parked.results, parked.cause);
            }
        }
        if let Some(at) = self.purgatory.next_alarm() {
            self.outputs.push(BrokerOutput::Timer { at, timer: BrokerTimer::Purgatory, cause: Seq::OUTSIDE });
        }
    }

    /// A connection is gone: nobody waits for the answer any more.
    pub(super) fn unpark_produce_of(&mut self, connection: u64) {
        for place in self.purgatory.places(|parked| parked.ticket.connection == connection) {
            self.unpark_produce(place);
        }
    }

    fn unpark_produce(&mut self, place: u32) -> Option<ParkedProduce> {
        let parked = self.purgatory.take(place)?;
        for wait in &parked.waits {
            if let Some(ix) = self.local(parked.results[wait.at as usize].tp) {
                self.partitions[ix as usize].produce_waiters.retain(|waiter| waiter.parked != place);
            }
        }
        Some(parked)
    }

    fn answer_produce(&mut self, ticket: Ticket, partitions: Vec<PartitionResult>, cause: Seq) {
        let response = Arc::new(ProduceResponse { partitions, throttle_ms: 0 });
        self.answer_to(ticket, Response::Produce(response), cause);
    }

    /// The leader that this error may name: since 3.7 (KIP-951), and only where it helps.
    pub(super) fn leader_hint(&self, tp: TopicPartition, error: ErrorCode) -> Option<LeaderHint> {
        let helps = matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
        if !helps || !self.config.release.at_least(3, 7) {
            return None;
        }
        match self.local(tp).map(|ix| &self.partitions[ix as usize]) {
            Some(replica) => {
                Some(LeaderHint { leader: replica.leader()?, leader_epoch: replica.leader_epoch() })
            }
            None => self.image.leader_hint(tp),
        }
    }
}

/// Writes an error into a result; what was appended is not told then.
fn fail(result: &mut PartitionResult, error: ErrorCode, hint: Option<LeaderHint>) {
    if error.is_error() {
        result.error = error;
        result.base_offset = NO_OFFSET;
        result.log_append_time = -1;
        result.log_start_offset = -1;
        result.leader_hint = hint;
    }
}
