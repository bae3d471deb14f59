//! `RecordAccumulator`: records gathered into batches, and the memory that holds them.
//!
//! A record waits here from `send()` until its batch is drained into a request, and again while the batch is retried.

mod append;
mod batch;
mod batches;
pub mod buffer_pool;
mod cluster;
mod completion;
pub mod compression;
mod drain;
mod expiry;
mod queues;
mod ready;
mod requeue;
mod resting;
pub mod sizes;

use std::sync::Arc;

pub(crate) use append::{Append, Destination};
pub(crate) use batch::{FinalState, NewRecord, ProducerState};
pub(crate) use batches::{BatchIx, Batches};
pub(crate) use cluster::{Cluster, PartitionLeader, TopicCluster};
pub(crate) use drain::{Drained, Sequencing, Taken};
pub(crate) use expiry::NextExpiry;
pub(crate) use ready::{ReadyCheck, ReadyNode};

use crate::backoff::ExponentialBackoff;
use crate::chance::{Chance, Stream};
use crate::config::ProducerConfig;
use crate::partitioner::BuiltInPartitioner;
use crate::record::{BrokerId, ProducerIx, TopicPartition};
use crate::trace::Seq;
use buffer_pool::BufferPool;
use completion::Flush;
use compression::RatioEstimator;
use drain::DrainIndex;
use expiry::FirstDue;
use queues::{Load, Queues};
use ready::NodeLatency;

/// Batches of all partitions, from the first append to the result.
#[derive(Clone, Debug)]
pub(crate) struct RecordAccumulator {
    producer: ProducerIx,
    config: Arc<ProducerConfig>,
    queues: Queues,
    pub(crate) batches: Batches,
    pub(crate) pool: BufferPool,
    ratios: RatioEstimator,
    retry_backoff: ExponentialBackoff,
    retry_jitter: Stream,
    drain_index: DrainIndex,
    latencies: Vec<Option<NodeLatency>>,
    load: Load,
    /// Which queued batch's time is over first, as the last look had it; none: nobody has looked.
    first_due: Option<FirstDue>,
    /// A list that is not in use.
    spare: Vec<TopicPartition>,
    pub(crate) next_batch: u32,
    next_entered: u64,
    incomplete: u32,
    flushes: Vec<Flush>,
    next_flush: u32,
    /// `close()` was called: no more appends.
    closed: bool,
    /// Set when memory comes back or the pool is closed: who waits for memory may look.
    pub(crate) memory_version: u64,
    pub(crate) causes: Causes,
}

/// What set off the last of several things that later events go back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Causes {
    /// A `send()` began to wait for memory.
    pub(crate) exhausted: Seq,
    /// Memory came back.
    pub(crate) freed: Seq,
    /// A flush was called.
    pub(crate) flush: Seq,
    /// The producer was closed.
    pub(crate) close: Seq,
}

impl RecordAccumulator {
    /// An empty accumulator; `sticky` are the topics' streams for the built-in partitioner's draws, if it is in use.
    pub(crate) fn new(
        producer: ProducerIx,
        config: Arc<ProducerConfig>,
        sticky: Option<&[Stream]>,
        topics: usize,
        retry_jitter: Stream,
    ) -> RecordAccumulator {
        let partitioner = |topic: usize| {
            let stream = sticky?.get(topic)?;
            Some(BuiltInPartitioner::new(*stream, config.partitioner_adaptive, config.batch_size))
        };
        RecordAccumulator {
            producer,
            queues: Queues::new((0..topics).map(partitioner)),
            batches: Batches::default(),
            pool: BufferPool::new(config.buffer_memory, config.batch_size),
            ratios: RatioEstimator::new(config.compression),
            retry_backoff: config.backoff(config.retry_backoff_ms, config.retry_backoff_max_ms),
            retry_jitter,
            drain_index: DrainIndex::new(config.release),
            latencies: Vec::new(),
            load: Load::default(),
            first_due: None,
            spare: Vec::new(),
            next_batch: 0,
            next_entered: 0,
            incomplete: 0,
            flushes: Vec::new(),
            next_flush: 0,
            closed: false,
            memory_version: 0,
            causes: Causes {
                exhausted: Seq::OUTSIDE,
                freed: Seq::OUTSIDE,
                flush: Seq::OUTSIDE,
                close: Seq::OUTSIDE,
            },
            config,
        }
    }

    /// No more appends; every batch is sendable; whoever waits for memory is to go on and fail (`close`).
    pub(crate) fn close(&mut self, cause: Seq) {
        self.closed = true;
        self.memory_version += 1;
        self.causes.close = cause;
    }

    /// Whether it has been closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether any batch waits in a queue.
    pub(crate) fn has_undrained(&self) -> bool {
        !self.queues.are_empty()
    }

    /// The back-off of a batch that was put back so often, drawn anew at each look, in ms.
    fn draw_backoff(&self, chance: &mut dyn Chance, attempts: u32) -> i64 {
        let failures = attempts.saturating_sub(1);
        self.retry_backoff.delay(failures, chance, self.retry_jitter, self.config.jitter)
    }

    /// Nothing of this partition is drained until [`RecordAccumulator::unmute`] (`producer.md 3.9`).
    pub(crate) fn mute(&mut self, tp: TopicPartition) {
        self.queues.set_muted(tp, true);
    }

    /// The partition may be drained again.
    pub(crate) fn unmute(&mut self, tp: TopicPartition) {
        self.queues.set_muted(tp, false);
    }

    /// A node had something to send, and could or could not take it (`updateNodeLatencyStats`).
    pub(crate) fn saw_node(&mut self, node: BrokerId, now_ms: i64, can_drain: bool) {
        if self.config.partitioner_availability_timeout_ms <= 0 {
            return;
        }
        let at = node.0 as usize;
        if at >= self.latencies.len() {
            self.latencies.resize(at + 1, None);
        }
        let latency = self.latencies[at].get_or_insert(NodeLatency { ready_ms: now_ms, drained_ms: now_ms });
        latency.ready_ms = now_ms;
        if can_drain {
            latency.drained_ms = now_ms;
        }
    }
}
