//! What becomes of a batch: success, failure, another try, pieces (`producer.md 4.7`).
//!
//! Kafka runs a batch's callbacks in the middle of handling its result, and they may call `send()`. So a task that comes
//! to callbacks hands them out and leaves what Kafka does behind them as tasks in front of all others.

use super::network_client::{ClientResponse, Purpose, Reply};
use super::{Completion, Outcome, Sender};
use crate::accumulator::{BatchIx, FinalState, Taken};
use crate::protocol::{ErrorCode, Exception, LeaderHint, PartitionResult, Response};
use crate::record::{NO_OFFSET, TopicPartition};
use crate::trace::{Cx, Event, Observer, Seq};

/// Something left to do before the loop goes on.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// A request is over.
    Response(ClientResponse),
    /// A batch has its result.
    Result(BatchResult),
    /// A batch has its result and its callbacks have run: what the result means beyond the batch.
    AfterResult { tp: TopicPartition, error: ErrorCode, hint: Option<LeaderHint>, cause: Seq },
    /// Every batch of an answer has its result: the leaders that it named.
    Leaders { cause: Seq },
    /// A batch has taken too long, in its queue or in flight.
    Expire { batch: BatchIx, place: &'static str },
    /// A batch is given up.
    Abort { batch: BatchIx, error: Exception, cause: Seq },
    /// Callbacks have run: the batch is let go.
    Finish(Finish),
    /// A batch that expired had been sent before: its sequence is in doubt.
    Doubt { tp: TopicPartition, next_sequence: i32, cause: Seq },
}

/// The result of one batch.
#[derive(Clone, Debug)]
pub(super) struct BatchResult {
    batch: BatchIx,
    error: ErrorCode,
    base_offset: i64,
    log_start_offset: i64,
    record_errors: Vec<u32>,
    hint: Option<LeaderHint>,
    /// Whether no answer was due (acks=0).
    unconfirmed: bool,
    now_ms: i64,
    cause: Seq,
}

/// What is left to do with a batch behind its callbacks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finish {
    batch: BatchIx,
    /// Its failure, if the idempotent producer is still to be told, and whether others close the gap.
    failure: Option<(Exception, bool)>,
    /// Whether its memory stays taken until its request is over.
    keeps_memory: bool,
    cause: Seq,
}

impl Sender {
    /// Does one task; what callbacks are to be told, if it comes to that.
    pub(super) fn run_task<O: Observer>(&mut self, cx: &mut Cx<'_, O>, task: Task) -> Option<Completion> {
        match task {
            Task::Response(response) => {
                self.handle_response(cx, response);
                None
            }
            Task::Result(result) => self.batch_result(cx, result),
            Task::AfterResult { tp, error, hint, cause } => {
                self.after_result(tp, error, hint, cause);
                None
            }
            Task::Leaders { cause } => {
                let hints = std::mem::take(&mut self.hints);
                self.metadata.update_leaders(cx, &hints, cause);
                None
            }
            Task::Expire { batch, place } => self.expire_batch(cx, batch, place),
            Task::Abort { batch, error, cause } => self.abort_batch(batch, error, cause),
            Task::Finish(finish) => {
                self.finish(finish);
                None
            }
            Task::Doubt { tp, next_sequence, cause } => {
                if let Some(transactions) = &mut self.transactions {
                    transactions.mark_unresolved(cx, tp, next_sequence, cause);
                }
                None
            }
        }
    }

    /// Every batch without a result is given up with this error, in the order of creation.
    pub(super) fn abort_batches(&mut self, error: Exception, cause: Seq) {
        let incomplete = self.accumulator.incomplete();
        self.tasks.extend(incomplete.into_iter().map(|batch| Task::Abort { batch, error, cause }));
    }

    fn handle_response<O: Observer>(&mut self, cx: &mut Cx<'_, O>, response: ClientResponse) {
        let ClientResponse { request, reply, cause } = response;
        match request.purpose {
            Purpose::Produce(batches) => self.handle_produce_response(cx, batches, &reply, cause),
            Purpose::InitProducerId => {
                let Some(transactions) = &mut self.transactions else { return };
                match reply {
                    Reply::Response(Response::InitProducerId(answer)) => {
                        transactions.id_answered(cx, answer, cause);
                    }
                    _ => transactions.id_request_lost(cause),
                }
            }
            // The network client keeps its own.
            Purpose::Metadata(_) => {}
        }
    }

    fn handle_produce_response<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        batches: Taken,
        reply: &Reply,
        cause: Seq,
    ) {
        let now_ms = cx.now.millis();
        let all = |error: ErrorCode| BatchResult {
            batch: batches[0],
            error,
            base_offset: NO_OFFSET,
            log_start_offset: NO_OFFSET,
            record_errors: Vec::new(),
            hint: None,
            unconfirmed: false,
            now_ms,
            cause,
        };
        let template = match reply {
            Reply::Written => BatchResult { unconfirmed: true, ..all(ErrorCode::None) },
            Reply::TimedOut if self.config.release.at_least(3, 5) => all(ErrorCode::RequestTimedOut),
            Reply::TimedOut | Reply::Disconnected => all(ErrorCode::NetworkException),
            Reply::Response(Response::Produce(answer)) => {
                self.tasks.push_front(Task::Leaders { cause });
                for (&batch, result) in batches.iter().zip(&answer.partitions).rev() {
                    debug_assert_eq!(result.tp, self.accumulator.batch(batch).tp);
                    self.tasks.push_front(Task::Result(BatchResult {
                        batch,
                        ..BatchResult::of(result, all(result.error))
                    }));
                }
                return;
            }
            Reply::Response(_) => return,
        };
        for &batch in batches.iter().rev() {
            self.tasks.push_front(Task::Result(BatchResult { batch, ..template.clone() }));
        }
    }

    /// `completeBatch` of Kafka's sender.
    fn batch_result<O: Observer>(&mut self, cx: &mut Cx<'_, O>, result: BatchResult) -> Option<Completion> {
        let (ix, error, cause) = (result.batch, result.error, result.cause);
        self.accumulator.batches[ix].on_wire = false;
        let batch = self.accumulator.batch(ix);
        let (tp, attempts) = (batch.tp, batch.attempts);
        self.tasks.push_front(Task::AfterResult { tp, error, hint: result.hint, cause });
        if error == ErrorCode::MessageTooLarge && batch.count() > 1 && !batch.is_done() {
            self.split(cx, ix, cause);
            return None;
        }
        if !error.is_error() {
            return self.complete(&result);
        }
        if self.can_retry(&result) {
            if !self.transactions.as_ref().is_none_or(|t| t.keeps_id(&self.accumulator.batches, ix)) {
                return self.fail(ix, Exception::OutOfOrderSequenceException, None, false, cause);
            }
            self.reenqueue(cx, &result);
            return None;
        }
        if error == ErrorCode::DuplicateSequenceNumber {
            return self.complete(&result);
        }
        let exception = error.exception().unwrap_or(Exception::KafkaException);
        let each = self.exceptions_by_record(&result, exception);
        self.fail(ix, exception, each, attempts < self.retries(), cause)
    }

    fn retries(&self) -> u32 {
        u32::try_from(self.config.retries).unwrap_or(0)
    }

    fn can_retry(&mut self, result: &BatchResult) -> bool {
        let batch = self.accumulator.batch(result.batch);
        let too_late = self
            .config
            .delivery_timeout_ms
            .is_some_and(|timeout| batch.has_reached_delivery_timeout(timeout, result.now_ms));
        if too_late || batch.attempts >= self.retries() || batch.is_done() {
            return false;
        }
        match &mut self.transactions {
            None => result.error.is_retriable(),
            Some(transactions) => transactions.can_retry(
                &mut self.accumulator.batches,
                result.batch,
                result.error,
                result.log_start_offset,
                result.cause,
            ),
        }
    }

    fn reenqueue<O: Observer>(&mut self, cx: &mut Cx<'_, O>, result: &BatchResult) {
        let ix = result.batch;
        self.accumulator.reenqueue(cx, ix, result.error, result.now_ms, result.cause);
        self.in_flight.remove(self.accumulator.batch(ix).tp, ix);
    }

    fn split<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ix: BatchIx, cause: Seq) {
        if let Some(transactions) = &mut self.transactions {
            transactions.untrack(&mut self.accumulator.batches, ix);
        }
        self.accumulator.split(cx, ix, &mut self.transactions, cause);
        self.let_go(ix, false, cause);
    }

    fn complete(&mut self, result: &BatchResult) -> Option<Completion> {
        let (ix, cause) = (result.batch, result.cause);
        if let Some(transactions) = &mut self.transactions {
            transactions.batch_completed(&mut self.accumulator.batches, ix, result.base_offset);
        }
        if !self.accumulator.finish(ix, FinalState::Succeeded) {
            self.already_done(ix, cause);
            return None;
        }
        self.tasks.push_front(Task::Finish(Finish { batch: ix, failure: None, keeps_memory: false, cause }));
        let outcome = match result.unconfirmed {
            true => Outcome::Unconfirmed,
            false => Outcome::Acknowledged { base_offset: result.base_offset },
        };
        Some(self.completion(ix, outcome, cause))
    }

    /// A result for a batch that has one already changes nothing for the application; from 4.2 on it gives back the
    /// memory that was kept for the request.
    fn already_done(&mut self, ix: BatchIx, cause: Seq) {
        self.accumulator.deallocate(ix, cause);
        self.accumulator.forget_if_over(ix);
        self.stirred = true;
    }

    /// `failBatch`: the same exception for every record, or one each. Up to 2.8 the idempotent producer is told before
    /// the callbacks run, and also of batches that had failed before.
    fn fail(
        &mut self,
        ix: BatchIx,
        exception: Exception,
        each: Option<Vec<Exception>>,
        adjust: bool,
        cause: Seq,
    ) -> Option<Completion> {
        let tells_first = !self.config.release.at_least(3, 0);
        if tells_first {
            self.tell_of_failure(ix, exception, adjust, cause);
        }
        if !self.accumulator.finish(ix, FinalState::Failed) {
            self.already_done(ix, cause);
            return None;
        }
        let failure = (!tells_first).then_some((exception, adjust));
        let keeps_memory = self.keeps_memory(ix);
        self.tasks.push_front(Task::Finish(Finish { batch: ix, failure, keeps_memory, cause }));
        let outcome = each.map_or(Outcome::Failed(exception), Outcome::FailedEach);
        Some(self.completion(ix, outcome, cause))
    }

    /// From 4.2 on the memory of a batch that fails while its request is under way stays taken until that is over
    /// (KAFKA-19012).
    fn keeps_memory(&self, ix: BatchIx) -> bool {
        self.accumulator.batch(ix).on_wire && self.config.release.at_least(4, 2)
    }

    fn tell_of_failure(&mut self, ix: BatchIx, exception: Exception, adjust: bool, cause: Seq) {
        if let Some(transactions) = &mut self.transactions {
            transactions.batch_failed(&mut self.accumulator.batches, ix, exception, adjust, cause);
        }
    }

    /// One refused record gets the answer's exception, several get InvalidRecordException; the others of the batch a
    /// plain KafkaException.
    fn exceptions_by_record(&self, result: &BatchResult, exception: Exception) -> Option<Vec<Exception>> {
        if result.record_errors.is_empty() {
            return None;
        }
        let refused = match result.record_errors.len() {
            1 => exception,
            _ => Exception::InvalidRecordException,
        };
        let places = 0..self.accumulator.batch(result.batch).count();
        let of = |place| match result.record_errors.contains(&place) {
            true => refused,
            false => Exception::KafkaException,
        };
        Some(places.map(of).collect())
    }

    fn expire_batch<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ix: BatchIx,
        place: &'static str,
    ) -> Option<Completion> {
        let batch = self.accumulator.batch(ix);
        let (tp, next_sequence, is_doubtful) = (batch.tp, batch.next_sequence(), batch.in_retry);
        let cause = cx.emit(batch.marks.created, || Event::BatchExpired {
            producer: batch.id.producer,
            batch: batch.id,
            topic: tp.topic,
            partition: tp.partition,
            records: batch.count(),
            r#in: place,
        });
        if self.transactions.is_some() && is_doubtful {
            self.tasks.push_front(Task::Doubt { tp, next_sequence, cause });
        }
        self.fail(ix, Exception::TimeoutException, None, false, cause)
    }

    fn abort_batch(&mut self, ix: BatchIx, error: Exception, cause: Seq) -> Option<Completion> {
        self.accumulator.withdraw(ix);
        if !self.accumulator.finish(ix, FinalState::Aborted) {
            return None;
        }
        let keeps_memory = self.keeps_memory(ix);
        self.tasks.push_front(Task::Finish(Finish { batch: ix, failure: None, keeps_memory, cause }));
        Some(self.completion(ix, Outcome::Failed(error), cause))
    }

    fn completion(&self, ix: BatchIx, outcome: Outcome, cause: Seq) -> Completion {
        let batch = self.accumulator.batch(ix);
        Completion {
            batch: batch.id,
            tp: batch.tp,
            records: batch.runs(),
            attempts: batch.writes,
            outcome,
            cause,
        }
    }

    fn finish(&mut self, finish: Finish) {
        let Finish { batch, failure, keeps_memory, cause } = finish;
        if let Some((exception, adjust)) = failure {
            self.tell_of_failure(batch, exception, adjust, cause);
        }
        self.let_go(batch, keeps_memory, cause);
    }

    /// `maybeRemoveAndDeallocateBatch`.
    fn let_go(&mut self, ix: BatchIx, keeps_memory: bool, cause: Seq) {
        let tp = self.accumulator.batch(ix).tp;
        self.in_flight.remove(tp, ix);
        self.accumulator.leave_incomplete(ix);
        if !keeps_memory {
            self.accumulator.deallocate(ix, cause);
        }
        self.accumulator.forget_if_over(ix);
        self.stirred = true;
    }

    fn after_result(&mut self, tp: TopicPartition, error: ErrorCode, hint: Option<LeaderHint>, cause: Seq) {
        if error.refreshes_metadata() {
            let names_leader = matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
            if let (true, Some(hint)) = (names_leader && self.config.release.at_least(3, 7), hint) {
                self.hints.push((tp, hint));
            }
            self.metadata.request_update(cause);
        }
        if self.guarantees_order() {
            self.accumulator.unmute(tp);
        }
    }
}

impl BatchResult {
    /// What the answer says of a batch.
    fn of(result: &PartitionResult, rest: BatchResult) -> BatchResult {
        BatchResult {
            base_offset: result.base_offset,
            log_start_offset: result.log_start_offset,
            record_errors: result.record_errors.clone(),
            hint: result.leader_hint,
            ..rest
        }
    }
}
