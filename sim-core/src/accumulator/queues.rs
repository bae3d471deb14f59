//! One queue a partition, which of them have anything in them, and which of those a pass of the sender looks at.

use std::collections::VecDeque;
use std::sync::Arc;

use super::batches::BatchIx;
use super::cluster::TopicCluster;
use super::resting::{Rest, Resting};
use crate::partitioner::{BuiltInPartitioner, QueueLengths};
use crate::record::{BrokerId, TopicIx, TopicPartition};

/// A partition's queue: appended to at the tail, drained from the head.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    pub(super) batches: VecDeque<BatchIx>,
    /// Whether an append ever came here: adaptive partitioning waits until every partition has a queue.
    pub(super) exists: bool,
    /// Whether it may not be drained: `max.in.flight.requests.per.connection` is 1 and a batch is in flight.
    pub(super) muted: bool,
    /// What it rests for, if it does.
    rest: Option<Rest>,
    /// How many batches it had when the sender's last pass began.
    seen: u32,
}

impl Queue {
    /// Whether passes need not look at it.
    pub(super) fn rests(&self) -> bool {
        self.rest.is_some()
    }
}

/// A topic's queues, and its sticky partition.
#[derive(Clone, Debug)]
pub(super) struct TopicQueues {
    pub(super) partitions: Vec<Queue>,
    /// How many of them exist.
    pub(super) existing: u32,
    /// How many of them are not empty.
    pub(super) filled: u32,
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
    /// The partitioner has not been given it yet.
    pub(super) due: bool,
}

/// The room in which a load table is put together, and what the last pass knew of brokers.
#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    lengths: QueueLengths,
    /// By broker: whether it took nothing for too long. Empty without `partitioner.availability.timeout.ms`.
    pub(super) unavailable: Vec<bool>,
}

impl TopicQueues {
    /// The sticky partition, which knows the load as the last pass saw it: every record asks for it, but where all have
    /// keys nobody does, and no pass counts all queues in vain.
    #[inline]
    pub(super) fn sticky(&mut self, load: &mut Load) -> Option<&mut BuiltInPartitioner> {
        if self.weighed.as_ref().is_some_and(|weighed| weighed.due) {
            self.give_load(load);
        }
        self.sticky.as_mut()
    }

    /// Gives the partitioner what the last pass saw.
    pub(super) fn give_load(&mut self, load: &mut Load) {
        let (Some(weighed), Some(sticky)) = (&mut self.weighed, &mut self.sticky) else { return };
        weighed.due = false;
        load.lengths.start(weighed.existing as usize);
        let leaders = weighed.leaders.iter().flat_map(|topic| &topic.partitions);
        for ((number, queue), known) in (0u32..).zip(&self.partitions).zip(leaders) {
            if queue.exists
                && let Some(leader) = known.leader
            {
                // What is empty is sent to whoever leads it at once.
                let unavailable = queue.seen > 0 && load.unavailable.get(leader.0 as usize) == Some(&true);
                load.lengths.push(number, queue.seen, unavailable);
            }
        }
        sticky.set_load(Some(&load.lengths));
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
    /// The partitions whose queue is not empty and does not rest, ascending.
    awake: Vec<TopicPartition>,
    resting: Resting,
    /// Which [`Cluster`](super::Cluster) those that rest have been looked at with.
    known: u64,
    /// The partitions whose number of batches has changed since a pass began.
    to_count: Vec<TopicPartition>,
    /// The partitions where another batch may stand at the head since deadlines were looked at.
    to_time: Vec<TopicPartition>,
}

impl Queues {
    /// Empty queues; one partitioner, or none, a topic.
    pub(super) fn new(sticky: impl Iterator<Item = Option<BuiltInPartitioner>>) -> Queues {
        let topic =
            |sticky| TopicQueues { partitions: Vec::new(), existing: 0, filled: 0, sticky, weighed: None };
        Queues { topics: sticky.map(topic).collect(), ..Queues::default() }
    }

    /// Whether nothing is queued.
    pub(super) fn are_empty(&self) -> bool {
        self.awake.is_empty() && self.resting.is_empty()
    }

    /// Lists the partitions that a pass looks at, ascending: those that do not rest, and the speakers of those that do. First
    /// those are woken whose time has come; if it is `urgent`, all that linger; if another cluster is known since, all.
    pub(super) fn list_for_pass(
        &mut self,
        cluster: u64,
        now_ms: i64,
        urgent: bool,
        into: &mut Vec<TopicPartition>,
    ) {
        into.clear();
        let is_new = cluster != self.known;
        self.known = cluster;
        if self.resting.is_empty() {
            into.extend_from_slice(&self.awake);
            return;
        }
        if is_new {
            into.extend(self.resting.all());
        } else {
            let is_over = |&(until_ms, _): &(i64, TopicPartition)| urgent || until_ms <= now_ms;
            into.extend(self.resting.lingering().take_while(is_over).map(|(_, tp)| tp));
        }
        self.wake(into);
        into.clone_from(&self.awake);
        into.extend(self.resting.speakers());
        into.sort_unstable();
    }

    /// Lists the partitions where deadlines are looked at, ascending: all that are not empty, or only those that have
    /// changed since the last time.
    pub(super) fn list_to_time(&mut self, all: bool, into: &mut Vec<TopicPartition>) {
        into.clear();
        if all {
            self.to_time.clear();
            into.extend_from_slice(&self.awake);
            if self.resting.is_empty() {
                return;
            }
            into.extend(self.resting.all());
        } else {
            into.append(&mut self.to_time);
        }
        into.sort_unstable();
        into.dedup();
    }

    /// Whether another batch may stand at the head since deadlines were looked at.
    pub(super) fn is_to_time(&self, tp: TopicPartition) -> bool {
        self.to_time.contains(&tp)
    }

    /// A pass begins: its number of batches is the one that load tables are made of.
    pub(super) fn count(&mut self) {
        for tp in self.to_count.drain(..) {
            let queue = &mut self.topics[usize::from(tp.topic.0)].partitions[tp.partition as usize];
            queue.seen = queue.batches.len() as u32;
        }
    }

    /// Those that linger, with the time in ms until which they do, in the order of these.
    pub(super) fn lingering(&self) -> impl Iterator<Item = (i64, TopicPartition)> + '_ {
        self.resting.lingering()
    }

    /// Every partition that rests, with what for.
    pub(super) fn resting(&self) -> impl Iterator<Item = (TopicPartition, Rest)> + '_ {
        self.resting.all().filter_map(|tp| Some((tp, self.get(tp)?.rest?)))
    }

    /// These, which did not rest, do from now on.
    pub(super) fn rest(&mut self, these: &[(TopicPartition, Rest)]) {
        if these.is_empty() {
            return;
        }
        for &(tp, rest) in these {
            self.entry(tp).rest = Some(rest);
            self.resting.add(tp, rest);
        }
        let topics = &self.topics;
        self.awake.retain(|tp| !topics[usize::from(tp.topic.0)].partitions[tp.partition as usize].rests());
    }

    /// Those that this broker leads rest no more; which they are.
    pub(super) fn wake_led_by(&mut self, leader: BrokerId, into: &mut Vec<TopicPartition>) {
        into.clear();
        if !self.resting.is_empty() {
            self.resting.list_led_by(leader, into);
            self.wake(into);
        }
    }

    fn wake(&mut self, these: &[TopicPartition]) {
        if these.is_empty() {
            return;
        }
        for &tp in these {
            if let Some(rest) = self.entry(tp).rest.take() {
                self.resting.remove(tp, rest);
            }
        }
        self.awake.extend(these);
        self.awake.sort_unstable();
    }

    /// The batch at the tail takes no more: if it lingered, it does no more.
    pub(super) fn look_again(&mut self, tp: TopicPartition) {
        if self.get(tp).is_some_and(Queue::rests) {
            self.wake(&[tp]);
        }
    }

    /// All topics.
    pub(super) fn topics_mut(&mut self) -> &mut [TopicQueues] {
        &mut self.topics
    }

    #[inline]
    pub(super) fn topic_mut(&mut self, topic: TopicIx) -> &mut TopicQueues {
        &mut self.topics[usize::from(topic.0)]
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

    /// The heads of all queues that are not empty.
    pub(super) fn heads(&self) -> impl Iterator<Item = BatchIx> + '_ {
        let queues = self.topics.iter().flat_map(|topic| &topic.partitions);
        queues.filter_map(|queue| queue.batches.front().copied())
    }

    /// Puts a batch behind so many others of its queue.
    pub(super) fn insert(&mut self, tp: TopicPartition, behind: usize, batch: BatchIx) {
        self.change(tp, |batches| batches.insert(behind, batch));
    }

    /// Puts a batch at the tail.
    pub(super) fn push(&mut self, tp: TopicPartition, batch: BatchIx) {
        self.change(tp, |batches| batches.push_back(batch));
    }

    /// Takes the batch at the head away.
    pub(super) fn pop(&mut self, tp: TopicPartition) -> Option<BatchIx> {
        self.change(tp, VecDeque::pop_front)
    }

    /// Takes this batch away, wherever it stands.
    pub(super) fn remove(&mut self, tp: TopicPartition, batch: BatchIx) {
        self.change(tp, |batches| batches.retain(|&queued| queued != batch));
    }

    /// Nothing is drained from it, or something may be again. It does not rest then: it is no longer as it was.
    pub(super) fn set_muted(&mut self, tp: TopicPartition, muted: bool) {
        self.change(tp, |_| ());
        self.entry(tp).muted = muted;
    }

    /// Changes a queue, and keeps note of what that changes.
    fn change<R>(&mut self, tp: TopicPartition, change: impl FnOnce(&mut VecDeque<BatchIx>) -> R) -> R {
        let queue = self.entry(tp);
        let (was_filled, rested) = (!queue.batches.is_empty(), queue.rest.take());
        let result = change(&mut queue.batches);
        let is_filled = !queue.batches.is_empty();
        if let Some(rest) = rested {
            self.resting.remove(tp, rest);
        }
        let was_awake = was_filled && rested.is_none();
        if was_awake != is_filled {
            match self.awake.binary_search(&tp) {
                Ok(at) => _ = self.awake.remove(at),
                Err(at) => self.awake.insert(at, tp),
            }
        }
        let filled = &mut self.topics[usize::from(tp.topic.0)].filled;
        *filled = *filled + u32::from(is_filled) - u32::from(was_filled);
        for list in [&mut self.to_count, &mut self.to_time] {
            if list.last() != Some(&tp) {
                list.push(tp);
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accumulator::cluster::PartitionLeader;
    use crate::chance::{Chance, Script, Scripted};

    /// `producer.md 2.3`: what counts is what the sender's pass has seen, here 0, 3 and 1 batches, and not what is there when a
    /// record asks, here nothing.
    #[test]
    fn the_load_is_that_of_the_last_pass() {
        let mut chance = Scripted::new().with("sticky", Script::List(vec![6]));
        let stream = chance.stream(format_args!("shop/orders/sticky"));
        let mut queues = Queues::new([Some(BuiltInPartitioner::new(stream, true, 16_384))].into_iter());
        let tp = |partition| TopicPartition { topic: TopicIx(0), partition };
        for (partition, batches) in [(0, 0), (1, 3), (2, 1)] {
            queues.entry(tp(partition));
            (0..batches).for_each(|batch| queues.push(tp(partition), BatchIx(batch)));
        }
        queues.count();
        while queues.pop(tp(1)).or_else(|| queues.pop(tp(2))).is_some() {}
        let led = PartitionLeader { leader: Some(BrokerId(0)), ..PartitionLeader::default() };
        let known = TopicCluster { partitions: vec![led; 3], available: vec![0, 1, 2] };
        let topic = queues.topic_mut(TopicIx(0));
        topic.weighed =
            Some(Weighed { leaders: Some(Arc::new(known)), existing: 3, empty: false, due: true });
        let sticky = topic.sticky(&mut Load::default());
        // Weights 4, 1 and 3, so 6 of 8 is the last one; of three equal ones it would be the first.
        assert_eq!(sticky.map(|sticky| sticky.peek(&mut chance, &[0, 1, 2], 3)), Some(2));
    }
}
