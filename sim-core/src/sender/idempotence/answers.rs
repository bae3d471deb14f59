//! What answers do to ids and sequences (`producer.md 5.1`, `5.4`, `5.5`).

use super::entry::{NO_LAST_ACKED, ProducerIdAndEpoch};
use super::{Asks, ControlRequest, State, TransactionManager};
use crate::accumulator::{BatchIx, Batches};
use crate::protocol::{ErrorCode, Exception, InitProducerIdResponse};
use crate::record::{NO_OFFSET, TopicPartition};
use crate::trace::{Cx, Event, Observer, Seq};

impl TransactionManager {
    /// The answer to a request for a producer id (`InitProducerIdHandler`).
    pub(crate) fn id_answered<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        response: InitProducerIdResponse,
        cause: Seq,
    ) {
        self.in_flight = false;
        match response.error {
            ErrorCode::None => {
                self.current =
                    ProducerIdAndEpoch { id: response.producer_id, epoch: response.producer_epoch };
                self.state = State::Ready;
                let (producer, current) = (self.producer, self.current);
                cx.emit(cause, || Event::ProducerId {
                    producer,
                    producer_id: current.id,
                    producer_epoch: current.epoch,
                });
            }
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable if self.release.at_least(2, 5) => {
                self.enqueue(ControlRequest { asks: Asks::FindCoordinator, is_retry: false, cause });
                self.ask_again(cause);
            }
            error if error.is_retriable() => self.ask_again(cause),
            error @ (ErrorCode::ClusterAuthorizationFailed
            | ErrorCode::TransactionalIdAuthorizationFailed) => {
                let exception = error.exception().unwrap_or(Exception::KafkaException);
                self.state = match self.release.at_least(3, 6) {
                    true => State::AbortableError(exception),
                    false => State::FatalError(exception),
                };
            }
            error if !self.release.at_least(2, 5) => {
                self.state = State::FatalError(error.exception().unwrap_or(Exception::KafkaException));
            }
            ErrorCode::InvalidProducerEpoch | ErrorCode::ProducerFenced => {
                self.state = State::FatalError(Exception::ProducerFencedException);
            }
            _ => self.state = State::FatalError(Exception::KafkaException),
        }
    }

    /// The connection with the request for a producer id ended.
    pub(crate) fn id_request_lost(&mut self, cause: Seq) {
        self.in_flight = false;
        self.ask_again(cause);
    }

    /// The request for a producer id goes out again, after a back-off.
    fn ask_again(&mut self, cause: Seq) {
        self.enqueue(ControlRequest { asks: Asks::InitProducerId, is_retry: true, cause });
        self.backs_off = !self.release.at_least(2, 5);
    }

    /// A batch succeeded (`handleCompletedBatch`), be it one that has expired meanwhile. Before 2.5 nothing of an older
    /// id counts.
    pub(crate) fn batch_completed(&mut self, batches: &mut Batches, ix: BatchIx, base_offset: i64) {
        let batch = &batches[ix];
        if !self.release.at_least(2, 5) && !self.has_current_id(batch.state) {
            return;
        }
        let (tp, last_sequence) = (batch.tp, batch.last_sequence());
        if let Some(entry) = self.find_mut(tp) {
            entry.last_acked_sequence = entry.last_acked_sequence.max(last_sequence);
        }
        if base_offset != NO_OFFSET {
            let last_offset = base_offset + i64::from(batch.count()) - 1;
            let entry = self.entry_mut(tp);
            entry.last_acked_offset = entry.last_acked_offset.max(last_offset);
        }
        self.untrack(batches, ix);
        // In 2.5 and 2.6 the last one of an older epoch begins the new one; from 2.7 on the next drain does.
        let begins_anew = !self.release.at_least(2, 7) && !self.has_current_id(batches[ix].state);
        if begins_anew && !self.is_tracking(tp) {
            let current = self.current;
            self.entry_mut(tp).start_empty(current);
        }
    }

    /// A batch failed for good (`handleFailedBatch`). `adjust`: its sequence will not be used again, so the others are
    /// to close the gap.
    pub(crate) fn batch_failed(
        &mut self,
        batches: &mut Batches,
        ix: BatchIx,
        error: Exception,
        adjust: bool,
        cause: Seq,
    ) {
        self.maybe_fail(error);
        if !self.release.at_least(2, 5) {
            self.batch_failed_before_2_5(batches, ix, error, adjust);
            return;
        }
        self.untrack(batches, ix);
        // In 2.5 and 2.6 nothing comes of what fails under an older epoch.
        let counts = self.release.at_least(2, 7) || self.has_current_id(batches[ix].state);
        if self.has_fatal_error() || !counts {
            return;
        }
        let tp = batches[ix].tp;
        if adjust || is_out_of_order(error) {
            self.request_epoch_bump(tp, cause);
        }
    }

    fn batch_failed_before_2_5(
        &mut self,
        batches: &mut Batches,
        ix: BatchIx,
        error: Exception,
        adjust: bool,
    ) {
        let batch = &batches[ix];
        if !self.has_current_id(batch.state) {
            return;
        }
        if is_out_of_order(error) {
            self.reset_producer_id();
            return;
        }
        let (tp, base_sequence, records) = (batch.tp, batch.base_sequence(), batch.count());
        self.untrack(batches, ix);
        if let (true, Some(base_sequence), Some(entry)) = (adjust, base_sequence, self.find_mut(tp)) {
            entry.close_gap(base_sequence, records, batches);
        }
    }

    /// Whether a batch may be sent again after this error; asks for an epoch bump where the table says so
    /// (`producer.md 5.5`).
    pub(crate) fn can_retry(
        &mut self,
        batches: &mut Batches,
        ix: BatchIx,
        error: ErrorCode,
        log_start_offset: i64,
        cause: Seq,
    ) -> bool {
        if !self.release.at_least(2, 5) {
            return self.can_retry_before_2_5(batches, ix, error, log_start_offset);
        }
        let (tp, rewritten) = (batches[ix].tp, batches[ix].rewritten);
        match error {
            ErrorCode::UnknownProducerId => {
                if log_start_offset != NO_OFFSET && !rewritten {
                    self.request_epoch_bump(tp, cause);
                }
                true
            }
            ErrorCode::OutOfOrderSequenceNumber => {
                let gap = self.unresolved.get(&tp).map(|&(behind, _)| behind);
                let is_benign = rewritten || !self.is_next(tp, batches[ix].base_sequence());
                if gap.is_none() && is_benign {
                    return true;
                }
                if gap.is_none_or(|behind| batches[ix].base_sequence() == Some(behind)) {
                    self.request_epoch_bump(tp, cause);
                }
                true
            }
            _ => error.is_retriable(),
        }
    }

    fn can_retry_before_2_5(
        &mut self,
        batches: &mut Batches,
        ix: BatchIx,
        error: ErrorCode,
        log_start_offset: i64,
    ) -> bool {
        if error.is_retriable() {
            return true;
        }
        let (tp, rewritten, state) = (batches[ix].tp, batches[ix].rewritten, batches[ix].state);
        if !self.has_current_id(state) {
            return false;
        }
        match error {
            ErrorCode::OutOfOrderSequenceNumber => {
                !self.unresolved.contains_key(&tp)
                    && (rewritten || !self.is_next(tp, batches[ix].base_sequence()))
            }
            ErrorCode::UnknownProducerId if log_start_offset == NO_OFFSET || rewritten => true,
            ErrorCode::UnknownProducerId => {
                let current = self.current;
                let Some(entry) = self.find_mut(tp) else { return false };
                let lost = entry.last_acked_offset < log_start_offset;
                if lost {
                    entry.start_over(current, batches);
                }
                lost
            }
            _ => false,
        }
    }

    /// Whether a batch that will be retried still has the producer's id; before 2.5 one that has not fails.
    pub(crate) fn keeps_id(&self, batches: &Batches, ix: BatchIx) -> bool {
        self.release.at_least(2, 5) || self.has_current_id(batches[ix].state)
    }

    fn is_next(&self, tp: TopicPartition, sequence: Option<i32>) -> bool {
        let last_acked = self.find(tp).map_or(NO_LAST_ACKED, |entry| entry.last_acked_sequence);
        sequence.is_some_and(|sequence| sequence.wrapping_sub(last_acked) == 1)
    }
}

/// Kafka's UnknownProducerIdException extends OutOfOrderSequenceException, and is taken for one.
fn is_out_of_order(error: Exception) -> bool {
    matches!(error, Exception::OutOfOrderSequenceException | Exception::UnknownProducerIdException)
}
