//! Queue lengths as weights: where the built-in partitioner goes next when it looks at the load (`producer.md 2.3`).

/// What a pass of `ready()` collects about one topic, deque by deque in the order of partitions.
#[derive(Clone, Debug, Default)]
pub struct QueueLengths {
    partitions: Vec<u32>,
    batches: Vec<u32>,
    used: usize,
}

impl QueueLengths {
    /// Starts over for a topic that has this many deques. The caller collects only where there are at least as many of
    /// them as the topic has partitions.
    pub fn start(&mut self, deques: usize) {
        self.used = 0;
        self.partitions.clear();
        self.partitions.resize(deques, 0);
        self.batches.clear();
        self.batches.resize(deques, 0);
    }

    /// The deque of a partition with a leader: how many batches are in it, and whether its leader has been unable to
    /// take any for longer than `partitioner.availability.timeout.ms` (which leaves out deques with batches only). No
    /// more of them than `start` said.
    ///
    /// As in `RecordAccumulator.partitionReady`, an empty deque leaves its place as it finds it: right behind one that
    /// was left out it gets that one's length.
    pub fn push(&mut self, partition: u32, batches: u32, unavailable: bool) {
        self.partitions[self.used] = partition;
        if batches > 0 {
            self.batches[self.used] = batches;
            if unavailable {
                return;
            }
        }
        self.used += 1;
    }
}

/// Running sums of the weights, each with its partition.
#[derive(Clone, Debug, Default)]
pub(super) struct LoadTable {
    sums: Vec<u32>,
    partitions: Vec<u32>,
}

impl LoadTable {
    /// Built anew: a partition's weight is the longest queue + 1 - its own. Empty, so that the choice is uniform, where
    /// there is nothing to weigh (`updatePartitionLoadStats`).
    pub(super) fn rebuild(&mut self, queues: Option<&QueueLengths>) {
        self.sums.clear();
        self.partitions.clear();
        let Some(queues) = queues else { return };
        let (deques, batches) = (queues.batches.len(), &queues.batches[..queues.used]);
        let Some(longest) = batches.iter().max() else { return };
        let all_equal = batches.iter().all(|length| length == longest);
        if deques < 2 || (all_equal && batches.len() == deques) {
            return;
        }
        self.partitions.extend_from_slice(&queues.partitions[..queues.used]);
        self.sums.extend(batches.iter().scan(0, |sum, length| {
            *sum += longest + 1 - length;
            Some(*sum)
        }));
    }

    /// The partition that a random number means: the first one whose sum is above it, modulo the last sum; none if the
    /// table is empty.
    pub(super) fn pick(&self, random: u32) -> Option<u32> {
        let weighted = random % self.sums.last()?;
        Some(self.partitions[self.sums.partition_point(|&sum| sum <= weighted)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table after a pass that saw these deques: partition, batches, unavailable.
    fn table(deques: usize, seen: &[(u32, u32, bool)]) -> LoadTable {
        let mut queues = QueueLengths::default();
        queues.start(deques);
        for &(partition, batches, unavailable) in seen {
            queues.push(partition, batches, unavailable);
        }
        let mut table = LoadTable::default();
        table.rebuild(Some(&queues));
        table
    }

    /// `producer.md 2.3`: q = 0,3,1 gives weights 4,1,3 and the table 4,5,8; the first entry above x counts.
    #[test]
    fn short_queues_weigh_more() {
        let table = table(3, &[(0, 0, false), (1, 3, false), (2, 1, false)]);
        assert_eq!(table.sums, [4, 5, 8]);
        let picks: Vec<_> = (0..9).filter_map(|random| table.pick(random)).collect();
        assert_eq!(picks, [0, 0, 0, 0, 1, 2, 2, 2, 0]);
    }

    /// `producer.md 2.3`: no table if all are equal and nothing was left out, for one partition, for none usable.
    #[test]
    fn nothing_to_weigh_means_no_table() {
        assert_eq!(table(3, &[(0, 2, false), (1, 2, false), (2, 2, false)]).pick(0), None);
        assert_eq!(table(1, &[(0, 2, false)]).pick(0), None);
        assert_eq!(table(2, &[(0, 2, true), (1, 1, true)]).pick(0), None);
        assert_eq!(table(3, &[]).pick(0), None);
    }

    /// `producer.md 2.3`: with some left out or without a leader the table is used even when all are equal.
    #[test]
    fn what_is_left_out_is_not_chosen() {
        let unavailable = table(3, &[(0, 1, false), (1, 4, true), (2, 1, false)]);
        assert_eq!([0, 1, 2].map(|random| unavailable.pick(random)), [Some(0), Some(2), Some(0)]);
        let leaderless = table(3, &[(0, 1, false), (2, 1, false)]);
        assert_eq!([0, 1].map(|random| leaderless.pick(random)), [Some(0), Some(2)]);
    }

    /// `producer.md 2.3`: an empty deque is not left out, whatever its leader does.
    #[test]
    fn an_empty_deque_counts_as_available() {
        let table = table(2, &[(0, 3, false), (1, 0, true)]);
        assert_eq!(table.sums, [1, 5]);
    }

    /// `RecordAccumulator.partitionReady`: the place of one left out is used again, with its length if the next is empty.
    #[test]
    fn an_empty_deque_behind_one_left_out_inherits_its_length() {
        let table = table(3, &[(0, 5, true), (1, 0, false), (2, 2, false)]);
        assert_eq!((table.sums, table.partitions), (vec![1, 5], vec![1, 2]));
    }
}
