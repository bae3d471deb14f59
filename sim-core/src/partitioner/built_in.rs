//! `BuiltInPartitioner` (KIP-794, 3.3+): keyless records stay on one partition until enough bytes went there
//! (`producer.md 2.2`).

use super::hash::to_positive;
use super::load::{LoadTable, QueueLengths};
use crate::chance::{Chance, Stream};

/// The sticky partition of one topic, and what it takes to leave it.
#[derive(Clone, Debug)]
pub struct BuiltInPartitioner {
    stream: Stream,
    adaptive: bool,
    batch_size: i64,
    twice_batch_size: i64,
    current: Option<u32>,
    produced: i64,
    times_left: u64,
    load: LoadTable,
}

impl BuiltInPartitioner {
    /// `stream` is the topic's own, `adaptive` is `partitioner.adaptive.partitioning.enable`, `batch_size` the effective
    /// `batch.size`, at least 1.
    pub fn new(stream: Stream, adaptive: bool, batch_size: u32) -> BuiltInPartitioner {
        // Java doubles an int: from 1 GiB on the product is negative, and every record leaves its partition.
        let twice_batch_size = i64::from((batch_size as i32).wrapping_mul(2));
        BuiltInPartitioner {
            stream,
            adaptive,
            batch_size: i64::from(batch_size),
            twice_batch_size,
            current: None,
            produced: 0,
            times_left: 0,
            load: LoadTable::default(),
        }
    }

    /// The current sticky partition (`peekCurrentPartitionInfo`), drawn at its first use. `available` are the partitions
    /// with a leader, ascending; `count` is the number of all, at least 1.
    #[inline]
    pub fn peek(&mut self, chance: &mut dyn Chance, available: &[u32], count: u32) -> u32 {
        match self.current {
            Some(current) => current,
            None => {
                let first = self.next_partition(chance, available, count);
                self.current = Some(first);
                first
            }
        }
    }

    /// A keyless record of `appended` bytes went to the current partition, or none yet (0) at the places where the
    /// switch is looked at before an append; `tail_full`: the partition's queue is empty or its last batch takes no
    /// more. Leaves the partition once batch.size bytes went there and the tail is full, or twice as many did
    /// (`updatePartitionInfo`). True if a partition was drawn, be it the same one.
    #[inline]
    pub fn update(
        &mut self,
        appended: u32,
        tail_full: bool,
        chance: &mut dyn Chance,
        available: &[u32],
        count: u32,
    ) -> bool {
        self.produced += i64::from(appended);
        let enough =
            (self.produced >= self.batch_size && tail_full) || self.produced >= self.twice_batch_size;
        if enough {
            self.current = Some(self.next_partition(chance, available, count));
            self.produced = 0;
            self.times_left += 1;
        }
        enough
    }

    /// How often a partition was left, be it for the same one.
    pub fn times_left(&self) -> u64 {
        self.times_left
    }

    /// What the sender's pass saw of the queues; none: not every partition has a deque yet. Of no consequence unless
    /// adaptive.
    pub fn set_load(&mut self, queues: Option<&QueueLengths>) {
        if self.adaptive {
            self.load.rebuild(queues);
        }
    }

    /// Whether [`BuiltInPartitioner::set_load`] has any effect.
    pub fn is_adaptive(&self) -> bool {
        self.adaptive
    }

    fn next_partition(&self, chance: &mut dyn Chance, available: &[u32], count: u32) -> u32 {
        let random = to_positive(chance.bits(self.stream) as i32);
        self.load.pick(random).unwrap_or_else(|| uniform(random, available, count))
    }
}

/// Uniform over the partitions with a leader, over all if none has one; with the slight bias of Java's modulo.
#[inline]
pub(super) fn uniform(random: u32, available: &[u32], count: u32) -> u32 {
    if available.is_empty() { random % count } else { available[(random % available.len() as u32) as usize] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Script, Scripted};

    const B: u32 = 16_384;

    fn counting() -> Scripted {
        Scripted::new().with("sticky", Script::Count)
    }

    fn partitioner(chance: &mut Scripted, adaptive: bool) -> BuiltInPartitioner {
        BuiltInPartitioner::new(chance.stream(format_args!("shop/orders/sticky")), adaptive, B)
    }

    /// Size of a keyless record of this value at this place of its batch, all at one instant (`producer.md 3.3`).
    fn record(value: u32, place: u32) -> u32 {
        let varint = |n: u32| {
            if n < 64 {
                1
            } else if n < 8_192 {
                2
            } else {
                3
            }
        };
        let body = 1 + 1 + varint(place) + 1 + varint(value) + value + 1;
        varint(body) + body
    }

    /// How many records of a burst go to one partition before it is left, as `RecordAccumulator.append` asks; with
    /// `drained`, the queue is empty again before every append.
    fn stay(value: u32, drained: bool) -> u32 {
        let mut chance = counting();
        let mut partitioner = partitioner(&mut chance, false);
        let all = [0, 1, 2];
        let mut switched =
            |appended, tail_full| partitioner.update(appended, tail_full, &mut chance, &all, 3);
        let (mut records, mut tail) = (0, None::<(u32, u32)>);
        loop {
            if drained {
                tail = None;
            }
            if tail.is_none_or(|(_, bytes)| bytes >= B) && switched(0, true) {
                return records;
            }
            let appended = match &mut tail {
                Some((count, bytes)) if *bytes + record(value, *count) <= B => {
                    let size = record(value, *count);
                    *count += 1;
                    *bytes += size;
                    size
                }
                _ => {
                    if switched(0, true) {
                        return records;
                    }
                    let size = 61 + record(value, 0);
                    tail = Some((1, size));
                    size
                }
            };
            records += 1;
            // A batch of one record above B has a buffer of its own and is not full (`producer.md 3.4`).
            let full = tail.is_some_and(|(count, bytes)| count > 1 && bytes >= B);
            if switched(appended, full) {
                return records;
            }
        }
    }

    /// `producer.md 2.2`, the table of consequences: two batches a stay in a burst, batch.size bytes when every record
    /// is drained before the next.
    #[test]
    fn stays_are_as_long_as_the_reference_says() {
        for (value, burst, drained) in
            [(100, 296, 97), (1_000, 32, 16), (5_000, 6, 4), (10_000, 2, 2), (20_000, 1, 1)]
        {
            assert_eq!(stay(value, false), burst, "{value} bytes, nothing drained");
            assert_eq!(stay(value, true), drained, "{value} bytes, everything drained");
        }
    }

    /// `producer.md 2.2`: switch <=> (produced >= B and tailFull) or produced >= 2B; then produced = 0.
    #[test]
    fn the_switch_rule() {
        let mut chance = counting();
        let mut partitioner = partitioner(&mut chance, false);
        let mut update = |appended, full| partitioner.update(appended, full, &mut chance, &[0, 1, 2], 3);
        assert!(!update(B - 1, true));
        assert!(!update(1, false));
        assert!(update(0, true));
        assert!(!update(2 * B - 1, false));
        assert!(update(1, false));
        assert!(!update(0, true), "counted from zero again");
    }

    /// `producer.md 2.2`: uniform over partitions with a leader, over all if none has one.
    #[test]
    fn only_partitions_with_a_leader_are_drawn_if_there_are_any() {
        let mut chance = counting();
        let mut partitioner = partitioner(&mut chance, false);
        let mut drawn = Vec::new();
        for available in [&[1, 3][..], &[1, 3], &[1, 3], &[], &[]] {
            partitioner.update(2 * B, false, &mut chance, available, 4);
            drawn.push(partitioner.peek(&mut chance, available, 4));
        }
        assert_eq!(drawn, [1, 3, 1, 3, 0]);
    }

    #[test]
    fn the_first_partition_is_drawn_once() {
        let mut chance = counting();
        let mut partitioner = partitioner(&mut chance, false);
        assert_eq!(partitioner.peek(&mut chance, &[2, 3], 4), 2);
        assert_eq!(partitioner.peek(&mut chance, &[2, 3], 4), 2);
        partitioner.update(2 * B, false, &mut chance, &[2, 3], 4);
        assert_eq!(partitioner.peek(&mut chance, &[2, 3], 4), 3);
    }

    /// `producer.md 2.2`: the random number is 32 bits with the sign cleared.
    #[test]
    fn a_negative_draw_loses_its_sign() {
        let mut chance = Scripted::new().with("sticky", Script::Always(0xffff_ffff));
        let mut partitioner = partitioner(&mut chance, false);
        assert_eq!(partitioner.peek(&mut chance, &[], 10), 0x7fff_ffff % 10);
    }

    /// `producer.md 2.3`: with a table the choice follows it, without adaptive partitioning it does not.
    #[test]
    fn the_load_counts_only_when_adaptive() {
        let mut queues = QueueLengths::default();
        queues.start(3);
        for (partition, batches) in [(0, 9), (1, 9), (2, 0)] {
            queues.push(partition, batches, false);
        }
        let first_draws = |adaptive| {
            let mut chance = Scripted::new().with("sticky", Script::List(vec![1, 2, 3]));
            let mut partitioner = partitioner(&mut chance, adaptive);
            partitioner.set_load(Some(&queues));
            [(); 3].map(|()| {
                partitioner.update(2 * B, false, &mut chance, &[0, 1, 2], 3);
                partitioner.peek(&mut chance, &[0, 1, 2], 3)
            })
        };
        assert_eq!(first_draws(true), [1, 2, 2]);
        assert_eq!(first_draws(false), [1, 2, 0]);
    }

    /// Java's int: twice a batch.size of 1 GiB is negative, which any sum reaches.
    #[test]
    fn twice_a_gibibyte_overflows() {
        let mut chance = counting();
        let stream = chance.stream(format_args!("sticky"));
        let mut partitioner = BuiltInPartitioner::new(stream, false, 1 << 30);
        assert!(partitioner.update(1, false, &mut chance, &[0], 1));
    }
}
