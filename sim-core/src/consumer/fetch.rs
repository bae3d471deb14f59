//! Fetches and what comes back (`broker.md 8.1`, Kafka's `AbstractFetch` and `FetchCollector`).

use std::sync::Arc;

use super::connections::Sent;
use super::partition::{PositionState, Wait};
use super::{Consumer, Read};
use crate::protocol::{
    ClientAction, ErrorCode, FetchPartition, FetchRequest, FetchResponse, FetchedPartition, Request,
};
use crate::record::{BrokerId, RecordId, StoredBatch};
use crate::time::{Span, Time};
use crate::trace::{Cx, Event, Observer, Seq};

impl Consumer {
    /// Sends a fetch to every broker that it reads from and that has none of it, or connects to it.
    pub(super) fn send_fetches<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        self.leave_unknown_replicas(cx.now);
        let mut leaders: Vec<BrokerId> = Vec::new();
        for assigned in &self.partitions {
            if let Some(leader) = assigned.fetchable(cx.now) {
                if let Err(at) = leaders.binary_search(&leader) {
                    leaders.insert(at, leader);
                }
            } else if assigned.leader.is_none() && assigned.position().is_some() {
                self.metadata.want(assigned.cause);
            }
        }
        for leader in leaders {
            if self.connections.is_free(leader) {
                self.send_fetch(cx, leader, cause);
            } else if let Some(cause) = self.connections.connect(cx.now, leader, cx.chance) {
                self.actions.push(ClientAction::Connect { node: leader, cause });
            }
        }
    }

    fn send_fetch<O: Observer>(&mut self, cx: &mut Cx<'_, O>, leader: BrokerId, cause: Seq) {
        let led = self.partitions.iter_mut().filter(|assigned| assigned.fetchable(cx.now) == Some(leader));
        let mut cause = cause;
        let mut wanted: Vec<(u64, FetchPartition)> = Vec::new();
        for assigned in led {
            assigned.wait = Wait::Nothing;
            if cause == Seq::OUTSIDE {
                cause = assigned.cause;
            }
            // Leader epochs are checked from 2.1 on (KIP-320).
            let knows_epochs = self.config.release.at_least(2, 1);
            let partition = FetchPartition {
                tp: assigned.tp,
                fetch_offset: assigned.position().unwrap_or(0),
                current_leader_epoch: if knows_epochs { assigned.leader_epoch } else { -1 },
                last_fetched_epoch: -1,
                log_start_offset: -1,
                max_bytes: self.config.max_partition_fetch_bytes,
            };
            wanted.push((assigned.turn, partition));
        }
        wanted.sort_by_key(|&(turn, _)| turn);
        let request = Arc::new(FetchRequest {
            follower: None,
            full: true,
            rack: self.rack.clone(),
            max_wait_ms: self.config.fetch_max_wait_ms,
            min_bytes: self.config.fetch_min_bytes,
            max_bytes: self.config.fetch_max_bytes,
            partitions: wanted.into_iter().map(|(_, partition)| partition).collect(),
        });
        let correlation = self.connections.send(cx.now, leader, Sent::Fetch(Arc::clone(&request)), cause);
        let request = Request::Fetch(request);
        self.actions.push(ClientAction::Write { node: leader, correlation, request, cause });
    }

    /// The word of a leader whom to read from holds for `metadata.max.age.ms`, as long as metadata has that broker. If not,
    /// Kafka's consumer asks the leader again at once, over and over; here the partition waits for metadata.
    fn leave_unknown_replicas(&mut self, now: Time) {
        for assigned in &mut self.partitions {
            let Some((replica, expires)) = assigned.preferred else { continue };
            let is_there = self.metadata.has(replica);
            if !is_there {
                self.metadata.want(assigned.cause);
                assigned.wait = Wait::Metadata;
            }
            if !is_there || expires < now {
                assigned.preferred = None;
            }
        }
    }

    /// A fetch has failed: its partitions are read from their leaders again.
    pub(super) fn leave_replicas(&mut self, asked: &[FetchPartition]) {
        for asked in asked {
            if let Some(at) = self.place(asked.tp) {
                self.partitions[at].preferred = None;
            }
        }
    }

    /// An answer. What it says of a partition whose position has moved since, or has to be checked, counts for nothing.
    pub(super) fn take_fetch<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        node: BrokerId,
        asked: &[FetchPartition],
        response: &FetchResponse,
        cause: Seq,
    ) {
        self.turns += 1;
        for (asked, fetched) in asked.iter().zip(&response.partitions) {
            let Some(at) = self.place(asked.tp) else { continue };
            let assigned = &self.partitions[at];
            if assigned.state != PositionState::Fetching || assigned.position() != Some(asked.fetch_offset) {
                continue;
            }
            if fetched.error.is_error() || !fetched.batches.is_empty() {
                self.partitions[at].turn = self.turns;
            }
            if fetched.error.is_error() {
                self.take_error(cx, at, fetched, cause);
            } else {
                self.partitions[at].failures = 0;
                self.partitions[at].high_watermark = fetched.high_watermark;
                if let Some(replica) = fetched.preferred_read_replica {
                    let expires = cx.now + Span::from_millis(self.config.metadata_max_age_ms);
                    self.partitions[at].preferred = Some((replica, expires));
                }
                for stored in &fetched.batches {
                    self.read(cx, at, node, stored, cause);
                }
            }
        }
    }

    /// The application gets the records of a batch from the position on.
    fn read<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        at: usize,
        broker: BrokerId,
        stored: &StoredBatch,
        cause: Seq,
    ) {
        let position = self.partitions[at].position().unwrap_or(stored.base_offset);
        let from = u32::try_from(position - stored.base_offset).unwrap_or(0);
        let read = Read { time: cx.now, broker, stored: stored.clone(), from };
        if from >= stored.batch.records.len() {
            return;
        }
        self.partitions[at].advance(stored.next_offset(), stored.leader_epoch);
        if cx.observed() {
            let (consumer, tp) = (self.ix, read.tp());
            let producer = stored.batch.batch.producer;
            let indices = stored.batch.records.iter().skip(from as usize);
            for (offset, index) in (stored.base_offset + i64::from(from)..).zip(indices) {
                cx.emit(cause, || Event::Consumed {
                    consumer,
                    broker,
                    topic: tp.topic,
                    partition: tp.partition,
                    offset,
                    record: RecordId { producer, index },
                });
            }
        } else {
            cx.skip(u64::from(read.len()));
        }
        self.reads.push(read);
    }

    /// An error of one partition.
    ///
    /// Kafka's consumer asks again at once, over and over. Here the partition waits for the metadata that the error asks
    /// for, or for `retry.backoff.ms`: what it gets to read, and when, differs by no more than that.
    fn take_error<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        at: usize,
        fetched: &FetchedPartition,
        cause: Seq,
    ) {
        let tp = self.partitions[at].tp;
        self.partitions[at].cause = cause;
        match fetched.error {
            // A follower's log may begin or end elsewhere: the leader knows.
            ErrorCode::OffsetOutOfRange if self.partitions[at].preferred.take().is_some() => {}
            ErrorCode::OffsetOutOfRange => {
                self.partitions[at].request_reset(self.config.auto_offset_reset, fetched.error);
            }
            error if error.refreshes_metadata() || error == ErrorCode::OffsetNotAvailable => {
                self.metadata.want(cause);
                self.partitions[at].preferred = None;
                // KIP-951: the answer names the new leader.
                let hint = fetched.leader_hint.filter(|_| self.config.release.at_least(3, 7));
                let moved = hint.is_some_and(|hint| {
                    self.learn_leader(cx, tp, Some(hint.leader), hint.leader_epoch, cause)
                });
                self.partitions[at].wait = if moved { Wait::Nothing } else { Wait::Metadata };
            }
            _ => {
                let failures = self.partitions[at].failures;
                let wait = self.retry.delay(failures, cx.chance, self.retry_jitter, true);
                self.partitions[at].failures += 1;
                self.partitions[at].wait = Wait::Until(cx.now + Span::from_millis(wait.max(1)));
            }
        }
    }
}
