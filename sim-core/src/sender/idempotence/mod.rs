//! `TransactionManager`, as far as an idempotent producer without transactions needs it (`producer.md 5`).

mod answers;
mod entry;

use std::collections::BTreeMap;

pub(crate) use entry::ProducerIdAndEpoch;

use crate::accumulator::{BatchIx, Batches, ProducerState, Sequencing};
use crate::config::Release;
use crate::protocol::Exception;
use crate::record::{ProducerIx, TopicPartition};
use crate::trace::{Cx, Event, Observer, Seq};
use entry::Entry;

/// Where the producer is on its way to an id (`TransactionManager.State`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It has no id and has not asked.
    Uninitialized,
    /// It has asked.
    Initializing,
    /// It has an id.
    Ready,
    /// It may not have one; batches fail, and it will ask again.
    AbortableError(Exception),
    /// Nothing is sent any more.
    FatalError(Exception),
}

/// A request that goes before everything else (`TxnRequestHandler`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ControlRequest {
    /// What is asked.
    pub(crate) asks: Asks,
    /// Whether it was tried before: it backs off first.
    pub(crate) is_retry: bool,
    /// What it goes back to.
    pub(crate) cause: Seq,
}

/// What a control request asks, the more urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// Who coordinates no transaction: a producer without a `transactional.id` asks so when a broker says that it is not
    /// the coordinator. The request cannot even be written: the client throws, and has waited for a connection for
    /// nothing.
    FindCoordinator,
    /// A producer id.
    InitProducerId,
}

/// Producer id, epoch and sequences.
#[derive(Clone, Debug)]
pub(crate) struct TransactionManager {
    producer: ProducerIx,
    release: Release,
    state: State,
    current: ProducerIdAndEpoch,
    /// By topic and partition.
    entries: Vec<Vec<Option<Entry>>>,
    /// Partitions where a batch expired after a retry, with the sequence behind the gap and the event that said so
    /// (`producer.md 5.6`).
    unresolved: BTreeMap<TopicPartition, (i32, Seq)>,
    /// Partitions whose batches are to be numbered anew, with what that goes back to.
    to_rewrite: BTreeMap<TopicPartition, Seq>,
    /// Requests that wait to be sent.
    pending: Vec<ControlRequest>,
    /// Whether a request for an id has no answer yet.
    pub(crate) in_flight: bool,
    /// Before 2.5: the sender sleeps now, because a request for an id failed.
    pub(crate) backs_off: bool,
}

impl TransactionManager {
    /// A producer without an id.
    pub(crate) fn new(producer: ProducerIx, release: Release) -> TransactionManager {
        TransactionManager {
            producer,
            release,
            state: State::Uninitialized,
            current: ProducerIdAndEpoch::NONE,
            entries: Vec::new(),
            unresolved: BTreeMap::new(),
            to_rewrite: BTreeMap::new(),
            pending: Vec::new(),
            in_flight: false,
            backs_off: false,
        }
    }

    /// An id from before the run.
    pub(crate) fn warm(&mut self, id: i64, epoch: i16) {
        self.current = ProducerIdAndEpoch { id, epoch };
        self.state = State::Ready;
    }

    /// Whether it has a producer id.
    pub(crate) fn has_producer_id(&self) -> bool {
        self.current.is_valid()
    }

    /// Whether nothing will ever be sent again.
    pub(crate) fn has_fatal_error(&self) -> bool {
        matches!(self.state, State::FatalError(_))
    }

    /// The error for which batches fail and the producer asks for an id once more.
    pub(crate) fn abortable_error(&self) -> Option<Exception> {
        match self.state {
            State::AbortableError(error) => Some(error),
            _ => None,
        }
    }

    /// The error of an error state.
    pub(crate) fn last_error(&self) -> Option<Exception> {
        match self.state {
            State::AbortableError(error) | State::FatalError(error) => Some(error),
            State::Uninitialized | State::Initializing | State::Ready => None,
        }
    }

    /// What `send()` fails with after its append (`maybeAddPartition`; for a producer without transactions 3.1+).
    pub(crate) fn send_error(&self) -> Option<Exception> {
        if !self.release.at_least(3, 1) {
            return None;
        }
        self.last_error().map(|error| match error {
            Exception::ProducerFencedException
            | Exception::InvalidProducerEpochException
            | Exception::IllegalStateException => error,
            _ => Exception::KafkaException,
        })
    }

    /// Some errors are fatal wherever they come up (`maybeTransitionToErrorState`).
    pub(crate) fn maybe_fail(&mut self, error: Exception) {
        let is_fatal = match error {
            Exception::ClusterAuthorizationException
            | Exception::TransactionalIdAuthorizationException
            | Exception::ProducerFencedException
            | Exception::UnsupportedVersionException => true,
            Exception::InvalidPidMappingException => self.release.at_least(4, 0),
            _ => false,
        };
        if is_fatal {
            self.state = State::FatalError(error);
        }
    }

    /// At the start of a pass: partitions whose gap has closed go on; where nothing is tracked any more and the gap is
    /// still there, the epoch is bumped, or before 2.5 the producer id given up (`producer.md 5.6`).
    pub(crate) fn maybe_resolve_sequences(&mut self) {
        if self.unresolved.is_empty() {
            return;
        }
        let quiet: Vec<(TopicPartition, Seq)> = self
            .unresolved
            .iter()
            .filter(|&(&tp, _)| !self.is_tracking(tp))
            .map(|(&tp, &(_, marked))| (tp, marked))
            .collect();
        for (tp, marked) in quiet {
            let entry = self.entry_mut(tp);
            let resolved = entry.next_sequence.wrapping_sub(entry.last_acked_sequence) == 1;
            self.unresolved.remove(&tp);
            if resolved {
                continue;
            }
            if self.release.at_least(2, 5) {
                self.request_epoch_bump(tp, marked);
            } else {
                self.reset_producer_id();
                return;
            }
        }
    }

    /// The partition's batches are to start over under a new epoch.
    pub(super) fn request_epoch_bump(&mut self, tp: TopicPartition, cause: Seq) {
        self.to_rewrite.entry(tp).or_insert(cause);
    }

    /// Bumps the epoch if any partition asked for it, and asks for an id where there is none
    /// (`bumpIdempotentEpochAndResetIdIfNeeded`, `producer.md 5.1`, `5.7`).
    pub(crate) fn bump_epoch_and_ask_for_id<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        batches: &mut Batches,
    ) {
        if !self.to_rewrite.is_empty() {
            self.bump_epoch(cx, batches);
        }
        if !self.has_producer_id() && matches!(self.state, State::Uninitialized | State::Ready) {
            self.state = State::Initializing;
            self.enqueue(ControlRequest { asks: Asks::InitProducerId, is_retry: false, cause: Seq::OUTSIDE });
        }
    }

    /// A request waits to be sent.
    pub(crate) fn enqueue(&mut self, request: ControlRequest) {
        self.pending.push(request);
    }

    /// The most urgent request that waits, taken away.
    pub(crate) fn next_request(&mut self) -> Option<ControlRequest> {
        let urgent = self.pending.iter().position(|request| request.asks == Asks::FindCoordinator);
        (!self.pending.is_empty()).then(|| self.pending.remove(urgent.unwrap_or(0)))
    }

    /// The producer may not have an id now; it will ask again (`transitionToUninitialized`).
    pub(crate) fn start_over(&mut self) {
        self.state = State::Uninitialized;
        self.pending.clear();
    }

    fn bump_epoch<O: Observer>(&mut self, cx: &mut Cx<'_, O>, batches: &mut Batches) {
        if self.current.epoch == i16::MAX {
            self.current = ProducerIdAndEpoch::NONE;
            self.state = State::Uninitialized;
        } else {
            self.current.epoch += 1;
        }
        let current = self.current;
        for (tp, cause) in std::mem::take(&mut self.to_rewrite) {
            let entry = self.entry_mut(tp);
            entry.start_over(current, batches);
            let next_sequence = entry.next_sequence;
            self.unresolved.remove(&tp);
            let producer = self.producer;
            cx.emit(cause, || Event::EpochBumped {
                producer,
                producer_id: current.id,
                producer_epoch: current.epoch,
                topic: tp.topic,
                partition: tp.partition,
                next_sequence,
            });
        }
    }

    /// Before 2.5 a gap costs the producer its id, and with it all that it knew of sequences.
    pub(super) fn reset_producer_id(&mut self) {
        self.current = ProducerIdAndEpoch::NONE;
        self.state = State::Uninitialized;
        self.entries.clear();
        self.unresolved.clear();
    }

    /// A batch expired that had been put back before: its sequence may or may not be in the log.
    pub(crate) fn mark_unresolved<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        tp: TopicPartition,
        next_sequence: i32,
        cause: Seq,
    ) {
        let known = self.unresolved.get(&tp).map_or(next_sequence, |&(known, _)| known);
        let (producer, next_sequence) = (self.producer, known.max(next_sequence));
        let marked = cx.emit(cause, || Event::SequenceUnresolved {
            producer,
            topic: tp.topic,
            partition: tp.partition,
            next_sequence,
        });
        self.unresolved.insert(tp, (next_sequence, marked));
    }

    /// The batch is tracked no more.
    pub(crate) fn untrack(&mut self, batches: &mut Batches, ix: BatchIx) {
        let tp = batches[ix].tp;
        if let Some(entry) = self.find_mut(tp) {
            entry.untrack(ix);
        }
        batches[ix].tracked = false;
    }

    fn is_tracking(&self, tp: TopicPartition) -> bool {
        self.find(tp).is_some_and(Entry::is_tracking)
    }

    /// Whether batches of the partition are out under another id or epoch than new ones would get: from 2.7 on the partition
    /// itself says which (`hasStaleProducerIdAndEpoch`), in 2.5 and 2.6 the first of them.
    fn has_older_ones_out(&self, entry: &Entry) -> bool {
        let out = match self.release.at_least(2, 7) {
            true => Some(entry.producer),
            false => entry.first_producer(),
        };
        self.release.at_least(2, 5) && entry.is_tracking() && out != Some(self.current)
    }

    fn has_current_id(&self, state: Option<ProducerState>) -> bool {
        state.is_some_and(|state| (state.id, state.epoch) == (self.current.id, self.current.epoch))
    }

    fn find(&self, tp: TopicPartition) -> Option<&Entry> {
        self.entries.get(usize::from(tp.topic.0))?.get(tp.partition as usize)?.as_ref()
    }

    fn find_mut(&mut self, tp: TopicPartition) -> Option<&mut Entry> {
        self.entries.get_mut(usize::from(tp.topic.0))?.get_mut(tp.partition as usize)?.as_mut()
    }

    fn entry_mut(&mut self, tp: TopicPartition) -> &mut Entry {
        let (topic, partition) = (usize::from(tp.topic.0), tp.partition as usize);
        if topic >= self.entries.len() {
            self.entries.resize(topic + 1, Vec::new());
        }
        let partitions = &mut self.entries[topic];
        if partition >= partitions.len() {
            partitions.resize(partition + 1, None);
        }
        partitions[partition].get_or_insert_with(Entry::default)
    }
}

impl Sequencing for TransactionManager {
    /// `producer.md 5.3`: no id; a batch without a sequence while older ones are under another id or epoch (2.5+), or
    /// while a gap is unresolved; a batch with a sequence that is not the lowest tracked one.
    fn stops_drain(&self, tp: TopicPartition, head_sequence: Option<i32>) -> bool {
        if self.has_fatal_error() || !self.has_producer_id() {
            return true;
        }
        let entry = self.find(tp);
        match head_sequence {
            None => {
                entry.is_some_and(|entry| self.has_older_ones_out(entry)) || self.unresolved.contains_key(&tp)
            }
            Some(sequence) => entry.and_then(Entry::first_sequence).is_some_and(|first| first != sequence),
        }
    }

    fn assign(&mut self, tp: TopicPartition, batch: BatchIx, records: u32) -> ProducerState {
        let (current, restarts) = (self.current, self.release.at_least(2, 7));
        let entry = self.entry_mut(tp);
        if entry.producer != current && !entry.is_tracking() {
            // Clients of 2.5 and 2.6 number on in the new epoch, which a broker refuses that knows the old one.
            if restarts {
                entry.start_empty(current);
            } else {
                entry.producer = current;
            }
        }
        let state =
            ProducerState { id: current.id, epoch: current.epoch, base_sequence: entry.advance(records) };
        entry.track(batch, state);
        state
    }

    fn track(&mut self, tp: TopicPartition, batch: BatchIx, state: ProducerState) {
        self.entry_mut(tp).track(batch, state);
    }
}
