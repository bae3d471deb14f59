//! `drain`: batches leave their queues for requests, one a partition and request (`producer.md 3.8`).

use smallvec::SmallVec;

use super::RecordAccumulator;
use super::batch::ProducerState;
use super::batches::BatchIx;
use super::cluster::Cluster;
use super::ready::{ReadyCheck, ReadyNode};
use crate::config::Release;
use crate::record::{BrokerId, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, TopicPartition};
use crate::trace::{Cx, Event, Observer, Seq};

/// What the accumulator asks the idempotent producer (`TransactionManager`) about sequences.
pub(crate) trait Sequencing {
    /// Whether the batch at the head of the partition's queue has to stay there (`producer.md 5.3`).
    fn stops_drain(&self, tp: TopicPartition, head_sequence: Option<i32>) -> bool;

    /// Gives a batch its producer id, epoch and sequence, and tracks it from now on (`producer.md 5.2`).
    fn assign(&mut self, tp: TopicPartition, batch: BatchIx, records: u32) -> ProducerState;

    /// Tracks a batch that has its sequence already: a piece of a split one.
    fn track(&mut self, tp: TopicPartition, batch: BatchIx, state: ProducerState);
}

/// The batches of one request: a few stand where the list does.
pub(crate) type Taken = SmallVec<[BatchIx; 4]>;

/// The batches for one broker.
#[derive(Clone, Debug)]
pub(crate) struct Drained {
    /// The broker.
    pub(crate) node: BrokerId,
    /// The batches, in the order in which they were taken.
    pub(crate) batches: Taken,
}

/// Where the walk over a broker's partitions begins, by the rules of the release (KAFKA-13834).
#[derive(Clone, Debug)]
pub(super) struct DrainIndex {
    /// By broker; only the first is used where all share one.
    indices: Vec<u32>,
    shared: bool,
    /// Whether the index is moved on before the partition is looked at.
    moves_first: bool,
}

impl DrainIndex {
    pub(super) fn new(release: Release) -> DrainIndex {
        let shared = !release.at_least(3, 3);
        DrainIndex { indices: Vec::new(), shared, moves_first: shared && release.at_least(2, 1) }
    }

    fn slot(&mut self, node: BrokerId) -> &mut u32 {
        let at = if self.shared { 0 } else { node.0 as usize };
        if at >= self.indices.len() {
            self.indices.resize(at + 1, 0);
        }
        &mut self.indices[at]
    }

    /// The place where the walk over so many partitions starts.
    fn start(&mut self, node: BrokerId, partitions: u32) -> u32 {
        *self.slot(node) % partitions
    }

    /// The walk went round once.
    fn went_round(&mut self, node: BrokerId, start: u32, partitions: u32) {
        let end = if self.shared { start } else { (start + partitions - 1) % partitions };
        *self.slot(node) = end;
    }

    /// The walk stopped at this place.
    fn stopped(&mut self, node: BrokerId, at: u32, partitions: u32) {
        let end = if self.moves_first { (at + 1) % partitions } else { at };
        *self.slot(node) = end;
    }
}

impl RecordAccumulator {
    /// Takes the batches for every broker of `check` that is still in it, into an empty list.
    pub(crate) fn drain<O: Observer, S: Sequencing>(
        &mut self,
        cx: &mut Cx<'_, O>,
        cluster: &Cluster,
        check: &ReadyCheck,
        now_ms: i64,
        sequencing: &mut Option<S>,
        into: &mut Vec<Drained>,
    ) {
        into.extend(check.nodes.iter().map(|&ReadyNode { node, cause, .. }| {
            let from = check.queued.partition_point(|queued| queued.0 < node);
            let to = check.queued.partition_point(|queued| queued.0 <= node);
            let queued = &check.queued[from..to];
            let walk = Walk { node, cause, partitions: cluster.led_by(node), now_ms };
            Drained { node, batches: self.drain_node(cx, cluster, &walk, queued, sequencing) }
        }));
    }

    /// One walk over the broker's partitions, from where the last one left off (`drainBatchesForOneNode`). Partitions
    /// with empty queues are passed over without being looked at.
    fn drain_node<O: Observer, S: Sequencing>(
        &mut self,
        cx: &mut Cx<'_, O>,
        cluster: &Cluster,
        walk: &Walk,
        queued: &[(BrokerId, u32, TopicPartition)],
        sequencing: &mut Option<S>,
    ) -> Taken {
        let mut taken = Taken::with_capacity(queued.len());
        if walk.partitions == 0 {
            return taken;
        }
        let start = self.drain_index.start(walk.node, walk.partitions);
        let first = queued.partition_point(|&(_, place, _)| place < start);
        let mut bytes = 0i64;
        for &(_, place, tp) in queued[first..].iter().chain(&queued[..first]) {
            match self.may_take(cx, cluster, walk, tp, (bytes, taken.is_empty()), sequencing.as_ref()) {
                Take::Skip => {}
                Take::Stop => {
                    self.drain_index.stopped(walk.node, place, walk.partitions);
                    return taken;
                }
                Take::Yes => {
                    if let Some(batch) = self.take(cx, tp, walk.cause, sequencing) {
                        bytes += i64::from(self.batches[batch].estimate());
                        taken.push(batch);
                    }
                }
            }
        }
        self.drain_index.went_round(walk.node, start, walk.partitions);
        taken
    }

    fn may_take<O: Observer, S: Sequencing>(
        &mut self,
        cx: &mut Cx<'_, O>,
        cluster: &Cluster,
        walk: &Walk,
        tp: TopicPartition,
        (bytes, is_first): (i64, bool),
        sequencing: Option<&S>,
    ) -> Take {
        if self.queues.get(tp).is_none_or(|queue| queue.muted) {
            return Take::Skip;
        }
        let Some(head) = self.queues.head(tp) else { return Take::Skip };
        if self.config.release.at_least(3, 7) {
            let epoch = cluster.partition(tp).and_then(|partition| partition.leader_epoch);
            self.batches[head].see_leader_epoch(epoch);
        }
        let waited = self.batches[head].waited_ms(walk.now_ms);
        if self.backs_off(cx, head, waited) {
            return Take::Skip;
        }
        let batch = &self.batches[head];
        let too_large = bytes + i64::from(batch.estimate()) > i64::from(self.config.max_request_size);
        if too_large && !is_first {
            return Take::Stop;
        }
        match sequencing {
            Some(sequencing) if sequencing.stops_drain(tp, batch.base_sequence()) => Take::Stop,
            _ => Take::Yes,
        }
    }

    /// Takes the head of the queue, gives it its sequence and closes it.
    fn take<O: Observer, S: Sequencing>(
        &mut self,
        cx: &mut Cx<'_, O>,
        tp: TopicPartition,
        cause: Seq,
        sequencing: &mut Option<S>,
    ) -> Option<BatchIx> {
        let ix = self.queues.pop(tp)?;
        let batch = &mut self.batches[ix];
        if let Some(sequencing) = sequencing
            && batch.state.is_none()
        {
            batch.state = Some(sequencing.assign(tp, ix, batch.count()));
            batch.tracked = true;
        }
        let observed = batch.seal(self.config.compression_ratio);
        self.ratios.observe(tp.topic, observed);
        let batch = &self.batches[ix];
        let drained = cx.emit(batch.marks.ready.unwrap_or(cause), || {
            let state = batch.state.unwrap_or(ProducerState {
                id: NO_PRODUCER_ID,
                epoch: NO_PRODUCER_EPOCH,
                base_sequence: NO_SEQUENCE,
            });
            Event::BatchDrained {
                producer: batch.id.producer,
                batch: batch.id,
                topic: tp.topic,
                partition: tp.partition,
                records: batch.count(),
                bytes: batch.estimate(),
                producer_id: state.id,
                producer_epoch: state.epoch,
                base_sequence: state.base_sequence,
                attempt: batch.attempts,
            }
        });
        self.batches[ix].marks.drained = drained;
        Some(ix)
    }
}

/// One walk over the partitions of a broker.
struct Walk {
    node: BrokerId,
    cause: Seq,
    partitions: u32,
    now_ms: i64,
}

/// What to do about one partition of the walk.
enum Take {
    Yes,
    Skip,
    Stop,
}
