//! One queue a partition, and which of them have anything in them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::batches::BatchIx;
use super::cluster::TopicCluster;
use crate::partitioner::{BuiltInPartitioner, QueueLengths};
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
    /// What the partitioner's load table is made of, if it has one.
    pub(super) weighed: Option<Weighed>,
}

/// What a pass of the sender saw of a topic's queues: what a load table is made of, once somebody asks for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Weighed {
    /// The topic as it was known then; none: not at all.
    pub(super) leaders: Option<Arc<TopicCluster>>,
    /// How many queues there were.
    pub(super) existing: u32,
    /// All of them were empty.
    pub(super) empty: bool,
    /// Those that were not, if they had a leader: partition, batches, and whether the leader took none for too long.
    pub(super) filled: Vec<(u32, u32, bool)>,
    /// The partitioner has not been given it yet.
    pub(super) due: bool,
}

impl TopicQueues {
    /// The sticky partition, which knows the load as the last pass saw it: every record asks for it, but where all have
    /// keys nobody does, and no pass counts all queues in vain.
    #[inline]
    pub(super) fn sticky(&mut self, lengths: &mut QueueLengths) -> Option<&mut BuiltInPartitioner> {
        if self.weighed.as_ref().is_some_and(|weighed| weighed.due) {
            self.give_load(lengths);
        }
        self.sticky.as_mut()
    }

    /// Gives the partitioner what the last pass saw.
    pub(super) fn give_load(&mut self, lengths: &mut QueueLengths) {
        let (Some(weighed), Some(sticky)) = (&mut self.weighed, &mut self.sticky) else { return };
        weighed.due = false;
        lengths.start(weighed.existing as usize);
        let mut filled = weighed.filled.iter().peekable();
        let leaders = weighed.leaders.iter().flat_map(|topic| &topic.partitions);
        for ((number, queue), known) in (0u32..).zip(&self.partitions).zip(leaders) {
            if queue.exists && known.leader.is_some() {
                let (_, batches, unavailable) =
                    filled.next_if(|filled| filled.0 == number).copied().unwrap_or_default();
                lengths.push(number, batches, unavailable);
            }
        }
        sticky.set_load(Some(lengths));
    }

    /// Whether no partition below one that has a queue is without one.
    pub(super) fn has_no_gaps(&self) -> bool {
        self.existing as usize == self.partitions.len()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accumulator::cluster::PartitionLeader;
    use crate::chance::{Chance, Script, Scripted};
    use crate::record::BrokerId;

    /// `producer.md 2.3`: what counts is what the sender's pass has seen, here 0, 3 and 1 batches, and not what is there when a
    /// record asks, here nothing.
    #[test]
    fn the_load_is_that_of_the_last_pass() {
        let mut chance = Scripted::new().with("sticky", Script::List(vec![6]));
        let stream = chance.stream(format_args!("shop/orders/sticky"));
        let mut queues = Queues::new([Some(BuiltInPartitioner::new(stream, true, 16_384))].into_iter());
        for partition in 0..3 {
            queues.entry(TopicPartition { topic: TopicIx(0), partition });
        }
        let led = PartitionLeader { leader: Some(BrokerId(0)), ..PartitionLeader::default() };
        let known = TopicCluster { partitions: vec![led; 3], available: vec![0, 1, 2] };
        let topic = queues.topic_mut(TopicIx(0));
        topic.weighed = Some(Weighed {
            leaders: Some(Arc::new(known)),
            existing: 3,
            empty: false,
            filled: vec![(1, 3, false), (2, 1, false)],
            due: true,
        });
        let sticky = topic.sticky(&mut QueueLengths::default());
        // Weights 4, 1 and 3, so 6 of 8 is the last one; of three equal ones it would be the first.
        assert_eq!(sticky.map(|sticky| sticky.peek(&mut chance, &[0, 1, 2], 3)), Some(2));
    }
}
