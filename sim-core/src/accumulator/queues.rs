//! One queue a partition, and which of them have anything in them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::batches::BatchIx;
use super::cluster::TopicCluster;
use crate::partitioner::BuiltInPartitioner;
use crate::record::{TopicIx, TopicPartition};

/// A partition's queue: appended to at the tail, drained from the head.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    pub(super) batches: VecDeque<BatchIx>,
    /// Whether an append ever came here: adaptive partitioning waits until every partition has a queue.
    pub(super) exists: bool,
    /// Whether it may not be drained: `max.in.flight.requests.per.connection` is 1 and a batch is in flight.
    pub(super) muted: bool,
}

/// A topic's queues, and its sticky partition.
#[derive(Clone, Debug)]
pub(super) struct TopicQueues {
    pub(super) partitions: Vec<Queue>,
    /// How many of them exist.
    pub(super) existing: u32,
    pub(super) sticky: Option<BuiltInPartitioner>,
    /// What the partitioner's load table was made of, if it has one.
    pub(super) weighed: Option<Weighed>,
}

/// What a load table was made of.
#[derive(Clone, Debug)]
pub(super) struct Weighed {
    /// The topic as it was known then; none: not at all.
    pub(super) leaders: Option<Arc<TopicCluster>>,
    /// All queues were empty.
    pub(super) empty: bool,
}

/// The queues of all topics.
#[derive(Clone, Debug, Default)]
pub(super) struct Queues {
    topics: Vec<TopicQueues>,
    /// The partitions whose queue is not empty, ascending.
    filled: Vec<TopicPartition>,
}

impl Queues {
    /// Empty queues; one partitioner, or none, a topic.
    pub(super) fn new(sticky: impl Iterator<Item = Option<BuiltInPartitioner>>) -> Queues {
        let topic = |sticky| TopicQueues { partitions: Vec::new(), existing: 0, sticky, weighed: None };
        Queues { topics: sticky.map(topic).collect(), filled: Vec::new() }
    }

    /// The partitions whose queue is not empty, ascending.
    pub(super) fn filled(&self) -> &[TopicPartition] {
        &self.filled
    }

    #[inline]
    pub(super) fn topic_mut(&mut self, topic: TopicIx) -> &mut TopicQueues {
        &mut self.topics[usize::from(topic.0)]
    }

    /// All topics, and the partitions whose queue is not empty, ascending.
    pub(super) fn topics_and_filled(&mut self) -> (&mut [TopicQueues], &[TopicPartition]) {
        (&mut self.topics, &self.filled)
    }

    /// The queue, if an append ever came there.
    #[inline]
    pub(super) fn get(&self, tp: TopicPartition) -> Option<&Queue> {
        self.topics.get(usize::from(tp.topic.0))?.partitions.get(tp.partition as usize)
    }

    /// The queue, made if there is none.
    #[inline]
    pub(super) fn entry(&mut self, tp: TopicPartition) -> &mut Queue {
        let topic = &mut self.topics[usize::from(tp.topic.0)];
        let at = tp.partition as usize;
        if at >= topic.partitions.len() {
            topic.partitions.resize(at + 1, Queue::default());
        }
        let queue = &mut topic.partitions[at];
        if !queue.exists {
            queue.exists = true;
            topic.existing += 1;
        }
        queue
    }

    /// The batch that appends go to.
    #[inline]
    pub(super) fn tail(&self, tp: TopicPartition) -> Option<BatchIx> {
        self.get(tp)?.batches.back().copied()
    }

    /// The batch that is drained next.
    #[inline]
    pub(super) fn head(&self, tp: TopicPartition) -> Option<BatchIx> {
        self.get(tp)?.batches.front().copied()
    }

    /// Puts a batch behind so many others of its queue.
    pub(super) fn insert(&mut self, tp: TopicPartition, behind: usize, batch: BatchIx) {
        let queue = &mut self.entry(tp).batches;
        queue.insert(behind, batch);
        if queue.len() == 1
            && let Err(at) = self.filled.binary_search(&tp)
        {
            self.filled.insert(at, tp);
        }
    }

    /// Puts a batch at the tail.
    pub(super) fn push(&mut self, tp: TopicPartition, batch: BatchIx) {
        let behind = self.entry(tp).batches.len();
        self.insert(tp, behind, batch);
    }

    /// Takes the batch at the head away.
    pub(super) fn pop(&mut self, tp: TopicPartition) -> Option<BatchIx> {
        let batch = self.entry(tp).batches.pop_front();
        self.empty_perhaps(tp);
        batch
    }

    /// Takes this batch away, wherever it stands.
    pub(super) fn remove(&mut self, tp: TopicPartition, batch: BatchIx) {
        self.entry(tp).batches.retain(|&queued| queued != batch);
        self.empty_perhaps(tp);
    }

    fn empty_perhaps(&mut self, tp: TopicPartition) {
        if self.get(tp).is_none_or(|queue| queue.batches.is_empty())
            && let Ok(at) = self.filled.binary_search(&tp)
        {
            self.filled.remove(at);
        }
    }
}
