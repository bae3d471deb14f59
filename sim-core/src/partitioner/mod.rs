//! Who chooses a record's partition where the record names none (`producer.md 2`).

mod built_in;
mod hash;
mod librdkafka;
mod load;
mod round_robin;
mod sticky;
#[cfg(test)]
mod tests;

pub use built_in::BuiltInPartitioner;
pub use hash::{crc32, murmur2, partition_for_key, to_positive};
pub use load::QueueLengths;

use crate::chance::{Chance, Stream};
use crate::config::{PartitionerClass, Release};
use crate::protocol::Exception;
use crate::time::Time;
use librdkafka::{Keyed, Librdkafka};
use round_robin::{RoundRobin, Start};
use sticky::StickyPartitionCache;

/// The key of the book's one big customer, which has the last partition to itself.
pub const BIG_CUSTOMER: &[u8] = b"Banana";

/// A `partitioner.class`, or another client's partitioner: one instance a topic, which holds that topic's counter or
/// sticky partition. [`BuiltInPartitioner`] is none of them: it is asked inside the append.
#[derive(Clone, Debug)]
pub struct Partitioner {
    rule: Rule,
    asks_again: bool,
}

#[derive(Clone, Debug)]
enum Rule {
    KeyOrRoundRobin(RoundRobin),
    KeyOrSticky(StickyPartitionCache),
    RoundRobin(RoundRobin),
    UniformSticky(StickyPartitionCache),
    BigCustomer,
    Librdkafka(Librdkafka),
}

impl Partitioner {
    /// The partitioner of one topic by the rules of this release; none for the built-in one. `sticky` is the topic's own
    /// stream of draws, `round_robin` the producer's for the random starts before 2.4.
    pub fn new(
        class: PartitionerClass,
        release: Release,
        sticky: Stream,
        round_robin: Stream,
    ) -> Option<Partitioner> {
        let librdkafka = |keyed| Rule::Librdkafka(Librdkafka::new(keyed, sticky));
        let rule = match class {
            PartitionerClass::BuiltIn => return None,
            PartitionerClass::Default if release.at_least(2, 4) => {
                Rule::KeyOrSticky(StickyPartitionCache::new(sticky))
            }
            PartitionerClass::Default => Rule::KeyOrRoundRobin(RoundRobin::new(Start::Random(round_robin))),
            PartitionerClass::RoundRobin => Rule::RoundRobin(RoundRobin::new(Start::Zero)),
            PartitionerClass::UniformSticky => Rule::UniformSticky(StickyPartitionCache::new(sticky)),
            PartitionerClass::BigCustomer => Rule::BigCustomer,
            PartitionerClass::ConsistentRandom => librdkafka(Keyed::Crc32OrRandom),
            PartitionerClass::Consistent => librdkafka(Keyed::Crc32),
            PartitionerClass::Murmur2Random => librdkafka(Keyed::Murmur2OrRandom),
            PartitionerClass::Murmur2 => librdkafka(Keyed::Murmur2),
            PartitionerClass::Random => librdkafka(Keyed::Nothing),
        };
        let is_java = !matches!(rule, Rule::Librdkafka(_));
        let asks_again = is_java && release.at_least(2, 4) && !release.at_least(4, 0);
        Some(Partitioner { rule, asks_again })
    }

    /// The partition of a record with this serialized key (`Partitioner.partition`). `available` are the topic's
    /// partitions with a leader, ascending; `count` is the number of all, at least 1.
    ///
    /// # Errors
    /// What `send()` fails with: the book's partitioner wants a key, and can compute a negative number.
    pub fn choose(
        &mut self,
        chance: &mut dyn Chance,
        now: Time,
        key: Option<&[u8]>,
        available: &[u32],
        count: u32,
    ) -> Result<u32, Exception> {
        Ok(match &mut self.rule {
            Rule::KeyOrRoundRobin(counter) => match key {
                Some(key) => partition_for_key(key, count),
                None => counter.next(chance, available, count),
            },
            Rule::KeyOrSticky(cache) => match key {
                Some(key) => partition_for_key(key, count),
                None => cache.partition(chance, available, count),
            },
            Rule::RoundRobin(counter) => counter.next(chance, available, count),
            Rule::UniformSticky(cache) => cache.partition(chance, available, count),
            Rule::BigCustomer => return big_customer(key, count),
            Rule::Librdkafka(partitioner) => partitioner.choose(chance, now, key, available, count),
        })
    }

    /// Whether a record that would open a batch is first taken back: [`Partitioner::on_new_batch`], then
    /// [`Partitioner::choose`] once more (2.4 to 3.9; `producer.md 2.4`, KAFKA-9965).
    pub fn asks_again_on_new_batch(&self) -> bool {
        self.asks_again
    }

    /// A record would open a batch on `previous` (`Partitioner.onNewBatch`).
    pub fn on_new_batch(&mut self, chance: &mut dyn Chance, available: &[u32], count: u32, previous: u32) {
        if let Rule::KeyOrSticky(cache) | Rule::UniformSticky(cache) = &mut self.rule {
            cache.on_new_batch(chance, available, count, previous);
        }
    }
}

/// The book's example of a partitioner of one's own. It takes the absolute value of the hash, which is still negative
/// for one hash in 2^32, and needs two partitions; a single one is everybody's here.
fn big_customer(key: Option<&[u8]>, count: u32) -> Result<u32, Exception> {
    let Some(key) = key else { return Err(Exception::InvalidRecordException) };
    if key == BIG_CUSTOMER || count == 1 {
        return Ok(count - 1);
    }
    hashed_to_others(murmur2(key), count)
}

/// A hash over all partitions but the last; a negative result is what `KafkaProducer` throws at (`producer.md 1`, step 4).
fn hashed_to_others(hash: i32, count: u32) -> Result<u32, Exception> {
    let partition = i64::from(hash.wrapping_abs()) % i64::from(count - 1);
    u32::try_from(partition).map_err(|_| Exception::IllegalArgumentException)
}
