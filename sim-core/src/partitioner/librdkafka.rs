//! librdkafka's partitioners: CRC-32 or Java's hash for keys, chance without (`rd_kafka_msg_partitioner_*`).
//!
//! Since 1.6 chance is sticky there too: what the partitioner would place at random without a key stays on one
//! partition for `sticky.partitioning.linger.ms`.

use super::hash::{crc32, partition_for_key};
use crate::chance::{Chance, Stream};
use crate::time::{Span, Time};

/// `sticky.partitioning.linger.ms`, its default.
const STICKY_LINGER: Span = Span::from_millis(10);

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyed {
    /// CRC-32; the null key hashes as the empty one, to 0 (`consistent`).
    Crc32,
    /// CRC-32; null and empty keys by chance (`consistent_random`).
    Crc32OrRandom,
    /// Java's hash; the null key hashes as the empty one (`murmur2`).
    Murmur2,
    /// Java's hash; null keys by chance, the empty one is a key (`murmur2_random`).
    Murmur2OrRandom,
    /// Keys mean nothing (`random`): a record with one is placed on its own, one without sticks.
    Nothing,
}

/// One topic's partitioner.
#[derive(Clone, Debug)]
pub(super) struct Librdkafka {
    keyed: Keyed,
    stream: Stream,
    /// The sticky partition, and since when it is that.
    sticky: Option<(u32, Time)>,
}

impl Librdkafka {
    pub(super) fn new(keyed: Keyed, stream: Stream) -> Librdkafka {
        Librdkafka { keyed, stream, sticky: None }
    }

    pub(super) fn choose(
        &mut self,
        chance: &mut dyn Chance,
        now: Time,
        key: Option<&[u8]>,
        available: &[u32],
        count: u32,
    ) -> u32 {
        let bytes = key.unwrap_or_default();
        match (self.keyed, key) {
            (Keyed::Crc32, _) => crc32(bytes) % count,
            (Keyed::Crc32OrRandom, _) if !bytes.is_empty() => crc32(bytes) % count,
            (Keyed::Murmur2, _) | (Keyed::Murmur2OrRandom, Some(_)) => partition_for_key(bytes, count),
            (Keyed::Nothing, Some(_)) => self.random(chance, available, count),
            (Keyed::Crc32OrRandom | Keyed::Murmur2OrRandom | Keyed::Nothing, _) => {
                self.sticky(chance, now, available, count)
            }
        }
    }

    /// The sticky partition; another one may be drawn when its time is over or its leader gone.
    fn sticky(&mut self, chance: &mut dyn Chance, now: Time, available: &[u32], count: u32) -> u32 {
        if let Some((partition, since)) = self.sticky
            && now.since(since) <= STICKY_LINGER
            && available.binary_search(&partition).is_ok()
        {
            return partition;
        }
        let partition = self.random(chance, available, count);
        self.sticky = Some((partition, now));
        partition
    }

    /// Uniform over all; a partition without a leader is drawn again, once.
    fn random(&self, chance: &mut dyn Chance, available: &[u32], count: u32) -> u32 {
        let mut draw = || chance.below(self.stream, u64::from(count)) as u32;
        let first = draw();
        if available.binary_search(&first).is_ok() { first } else { draw() }
    }
}
